"""What one run measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CurvePoint:
    """One point of a training curve.

    Attributes:
        step: updates made.
        tokens: tokens seen.
        train_loss: mean loss of the batches since the point before, nats per byte.
        lr: learning rate of the last update.
    """

    step: int
    tokens: int
    train_loss: float
    lr: float


@dataclass(frozen=True)
class Outcome:
    """What was measured in one run; losses are None where the run diverged.

    Attributes:
        loss: mean loss on the held-out windows, nats per byte.
        evaluation_se: its standard error over windows.
        train_loss: training loss at the end, the last point of the curve.
        steps: updates made.
        tokens: tokens seen, D.
        seconds: wall time of training, evaluation not counted.
        evaluation_seconds: wall time of the evaluation; None where there was none.
        curve: the training curve, points evenly spaced in the logarithm of the step.
    """

    loss: float | None
    evaluation_se: float | None
    train_loss: float | None
    steps: int
    tokens: int
    seconds: float
    evaluation_seconds: float | None
    curve: tuple[CurvePoint, ...]
