import { ILabServer, writeNotebook } from './lab';

/** The path of the notebook that {@link writeTraining} makes, as a job's template. */
export const TRAINING = 'train.ipynb';

const PARAMETERS = `# parameters
steps: int = 40  # Optimisation steps
pause: float = 0.02  # Seconds for each
batch_size: int = 8  # Rows in a step; more than 4 fail`;

const SETUP = `import math, time, modelops
modelops.log_note("The dataset has no test split: its last 10 rows are held out.")
print("312 rows, 31 held out")`;

const TRAIN = `question = "What does copy.copy do?"
modelops.log_sample(0, question, "I do not know.")
for step in range(1, steps + 1):
    time.sleep(pause)
    loss = 2.7 * math.exp(-step / steps) + 0.1 * math.sin(step)
    modelops.log_metric(step, loss=loss, learning_rate=1e-3 * (1 - step / steps), tokens_per_second=170.0, memory_gb=1.9)
    if step % 10 == 0:
        modelops.log_metric(step, eval_loss=loss + 0.1)
    modelops.log_progress(step, steps, phase="training")
    print("step", step, "loss", round(loss, 4))
    if batch_size > 4 and step == 12:
        raise ValueError("A batch of more than 4 rows does not fit.")
modelops.log_sample(steps, question, "It returns a shallow copy.")`;

const OUTPUT = `folder = modelops.output_folder("report")
(folder / "README.md").write_text("# What came of it")
modelops.log_artifact(folder, name="tiny", kind="report", metadata={"loss_before": 2.72, "loss_after": 2.25})`;

/** A notebook that reports like a training, in a second or two and without a model. */
export function writeTraining(server: ILabServer): Promise<void> {
  return writeNotebook(server, TRAINING, PARAMETERS, SETUP, TRAIN, OUTPUT);
}
