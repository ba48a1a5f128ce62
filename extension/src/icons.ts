import { LabIcon } from '@jupyterlab/ui-components';

/** Three layers, the last one learned. */
export const modelOpsIcon = new LabIcon({
  name: 'jupyterlab-modelops:modelops',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 2 2 7l10 5 10-5z"/>
    <path d="m4.2 10.9-2.2 1.1 10 5 10-5-2.2-1.1L12 14.8z" opacity=".75"/>
    <path d="m4.2 15.9-2.2 1.1 10 5 10-5-2.2-1.1L12 19.8z" opacity=".5"/>
  </g>
</svg>`
});
