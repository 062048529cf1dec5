"""Top and end of the page: the answer in one sentence, and what no interval on the page contains."""

from isoflop.fit import Fit
from isoflop.plan import Plan
from isoflop.report.blocks import Block, Facts, Items, Section, Text
from isoflop.report.words import NEAR, number, percent, quantity, sentence, with_interval
from isoflop.validate import Backtest


def headline(fit: Fit, plan: Plan | None, found: Backtest | None, answer: str = "") -> list[Block]:
    """The answer in one sentence, and what to know before using it.

    Args:
        fit: the fit.
        plan: the plan, if any.
        found: the back-test, if any.
        answer: what the page answers instead of a plan, such as which recipe is best; empty where it does not.

    Returns:
        Boxes for the top of the page.
    """
    said = answer or (_plan_sentence(plan) if plan is not None and plan.exists else _fit_sentence(fit))
    facts = [("Runs", f"{fit.rows:,}"), ("Certificate", fit.certificate.verdict)]
    if found is not None:
        facts.append(("Back-test error", percent(found.mean_abs_rel_error)))
    if fit.inflation is not None:
        facts.append(("Intervals widened", f"{fit.inflation:.2f}×"))
    blocks: list[Block] = [Text(said, "headline"), Facts(facts)]
    if not fit.certificate.ok:
        tone = "bad" if fit.certificate.verdict == "not converged" else "warning"
        blocks += [
            Text(f"{sentence(fit.certificate.verdict)} {sentence(reason)}", tone) for reason in fit.certificate.reasons
        ]
    if plan is not None and not plan.exists:
        blocks += [Text(warning, "warning") for warning in plan.warnings]
    return blocks


def _plan_sentence(plan: Plan) -> str:
    """A plan in one sentence with its intervals and its distance from the runs."""
    params, tokens = with_interval(plan.params, "params"), with_interval(plan.tokens, "tokens")
    low, high = plan.flops.interval
    budget = quantity("flops", float(plan.flops.value)) if low == high else with_interval(plan.flops, "flops")
    loss = f"expected loss {with_interval(plan.loss, 'loss')}"
    if plan.choice is not None:
        said = f"{params} parameters trained on {tokens} tokens, {budget} FLOP: {loss}"
    elif low == high:
        said = f"For {budget} FLOP, train {params} parameters on {tokens} tokens: {loss}"
    else:
        target = quantity("loss", float(plan.loss.value))
        said = f"For a loss of {target}, train {params} parameters on {tokens} tokens with {budget} FLOP"
    return f"{said} ({plan.level:.0%} intervals){_beyond(plan)}."


def _beyond(plan: Plan) -> str:
    """How far a plan lies outside the runs: in compute, and in what lies farther than that."""
    far = {word: away for word, away in plan.distance_decades.items() if away > NEAR}
    if not far:
        return ", within the range of the runs"
    compute = far.pop("flops", 0.0)
    words = [f"{compute:.1f} decades of compute"] if compute else []
    words += [f"{away:.1f} decades of {word}" for word, away in far.items() if away > compute]
    return f", outside the runs by {' and '.join(words)}"


def _fit_sentence(fit: Fit) -> str:
    """A fit in one sentence."""
    if fit.draws is None:
        return f"{fit.law.name} fitted to {fit.rows:,} runs; without draws there are no intervals."
    shown = ", ".join(f"{name} = {with_interval(fit.estimate(name))}" for name in fit.names[:4])
    more = ", …" if len(fit.names) > 4 else ""
    return f"{fit.law.name} describes {fit.rows:,} runs with {shown}{more} ({fit.level:.0%} intervals)."


def left_out_section(fit: Fit, plan: Plan | None) -> Section:
    """What the intervals on the page are made of, and what none of them contains.

    Args:
        fit: the fit.
        plan: the plan, if any.

    Returns:
        The section.
    """
    blocks: list[Block] = []
    if fit.draws is not None:
        small = fit.correction.factor(fit.level) / fit.correction.inflation
        about = "" if fit.leverage is None else "about "  # each quantity has its own
        said = (
            f"Intervals are percentiles of {len(fit.draws):,} bootstrap refits, spread by {about}{number(small)} "
            f"for the {sum(fit.free)} parameters estimated from {fit.rows:,} runs"
        )
        if fit.inflation is not None:
            said += f", and those of forecasts and plans by {number(fit.inflation, 3)} for what the back-test showed"
        blocks.append(Text(f"{said}."))
    also = [f"in the plan, {s}" for s in (plan.leaves_out if plan else ()) if s not in fit.leaves_out]
    left = [*fit.leaves_out, *also]
    blocks += [Text("They do not contain:"), Items([sentence(s) for s in left])]
    return Section("leaves-out", "What the intervals leave out", blocks)
