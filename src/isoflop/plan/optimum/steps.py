"""The derivation of a plan in numbered steps, each with its formula, source, and whether it is assumed."""

from isoflop.plan.optimum.result import Step
from isoflop.plan.optimum.setting import Setting

KAPLAN = "Kaplan et al. 2020, section 2.1"


def law_step(setting: Setting) -> Step:
    """The law and what it was fitted to."""
    fit = setting.fit
    source = str(fit.law.source) if fit.law.source else "formula of the user"
    verdict = fit.certificate.verdict
    text = f"Loss by the law {fit.law.name}, fitted to {fit.rows} runs ({verdict}); it is taken to hold here."
    return Step(text, fit.law.formula, source=source, assumption=True)


def compute_step(flops: float, *, derived: bool) -> Step:
    """The convention for training compute."""
    text = "Training compute follows from size and data." if derived else "Training compute buys size times data."
    return Step(text, "C = 6·N·D", flops, KAPLAN, assumption=True)


def condition_steps(setting: Setting, exponent: float) -> tuple[Step, ...]:
    """Where the loss is least along a line of equal compute."""
    condition = setting.curve.curve.condition
    balance = "Along C = 6·N·D the loss is least where a step in ln N and one in ln D lower it equally."
    if condition is None:
        low, high = setting.ratios
        return (
            Step(balance, "N·∂L/∂N = D·∂L/∂D", source="condition for a minimum along C = 6·N·D"),
            Step(
                f"This law has no closed form for it: all minima between {low:.2g} and {high:.2g} tokens per parameter "
                "are looked for, and the lowest one is polished by Newton steps.",
                source="numeric search",
            ),
            Step(
                "The optimum moves with compute.", "a = d ln N*/d ln C", exponent, "slope of the search's own condition"
            ),
        )
    return (
        Step(balance, f"(N·∂L/∂N)/(D·∂L/∂D) = {condition.text} = 1", source="condition for a minimum along C = 6·N·D"),
        Step("Put D = C/(6·N) in: the size is a power of compute.", "N* = G·(C/6)^a, a", exponent, "closed form"),
    )


def optimum_steps(params: float, tokens: float, loss: float) -> tuple[Step, ...]:
    """Size, data, ratio and loss of the optimum."""
    return (
        Step("Compute-optimal size.", "N*", params, "the condition above"),
        Step("The data that the compute then buys.", "D* = C/(6·N*)", tokens, KAPLAN),
        Step("Tokens per parameter.", "D*/N*", tokens / params),
        Step("Loss that the law gives there.", "L(N*, D*)", loss, "the law above"),
    )


def inverse_step(loss: float, flops: float) -> Step:
    """Compute at which the frontier reaches a loss."""
    text = f"Smallest compute whose optimum reaches a loss of {loss:.6g}, by Newton steps along the frontier."
    return Step(text, "L(N*(C), D*(C)) = loss, C", flops, "inverse of the frontier")


def choice_steps(params: float, tokens: float, loss: float) -> tuple[Step, ...]:
    """A size and data that were given."""
    return (
        Step("The given size.", "N", params, "given"),
        Step("Its data.", "D", tokens, "given, or C/(6·N)"),
        Step("Loss that the law gives there.", "L(N, D)", loss, "the law above"),
    )


def optimum_beside_step(params: float) -> Step:
    """The optimal size at the compute of a given one."""
    return Step("Compute-optimal size at the same compute, for comparison.", "N*", params, "the condition above")
