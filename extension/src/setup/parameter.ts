import type { WidgetProps } from '@rjsf/utils';

import { useSetup } from './context';
import type { SetupModel } from './model';
import type { IParameter } from './parameters';

/** What all controls share: the parameter, and what says to a listener what is shown beside it. */
export function useParameter(props: WidgetProps): {
  model: SetupModel;
  parameter: IParameter;
  described: { 'aria-describedby': string; 'aria-invalid': boolean };
} {
  const model = useSetup();
  const { id, name } = props;
  const parameter = model.parameters.find(item => item.name === name);
  if (!parameter) {
    throw new Error(`${name} is no parameter of the template.`);
  }
  const invalid = model.fieldProblems.some(problem => problem.name === name);
  const described = {
    'aria-describedby': invalid ? `${id}__problem ${id}__help` : `${id}__help`,
    'aria-invalid': invalid
  };
  return { model, parameter, described };
}
