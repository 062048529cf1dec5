"""Headers of sample tables as people write them, and which of them means what."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from isoflop.errors import ColumnError

_WRITTEN: Final = {
    "problem": (
        "problem_id problem_name doc_id task_id question_id prompt_id instance_id item_id example_id query_id "
        "problem_idx question_idx instance task question item example qid pid prompt_idx id"
    ),
    "attempt": (
        "sample_id sample_idx sample_index sample_num completion_id generation_id attempt_id rollout_id attempt_idx "
        "repeat_id epoch repeat trial attempt_number rollout generation completion_idx sample try"
    ),
    "correct": (
        "is_correct correctness is_corrects corrects is_passed passed pass is_solved solved resolved success succeeded "
        "plus_status plus "
        "exact_match acc accuracy em pass_1 is_right right verdict result status"
    ),
    "base": "base_status base_pass base_passed base_correct weak weak_pass public_pass public_passed passed_public",
    "score": (
        "verifier_score reward_score rm_score reward_model_score reward verifier prm_score orm_score rm orm prm rating "
        "p_yes p_correct"
    ),
    "log_prob": (
        "logprob sum_log_prob sum_logprob total_logprob cumulative_logprob log_probability log_likelihood loglik lp"
    ),
    "mean_log_prob": (
        "mean_logprob avg_logprob average_logprob avg_log_prob logprob_per_token normalized_logprob norm_logprob"
    ),
    "tokens": (
        "output_tokens completion_tokens n_tokens num_tokens generated_tokens n_output_tokens num_output_tokens "
        "response_tokens generation_tokens decoded_tokens tok_out n_completion_tokens token_count response_length"
    ),
    "input_tokens": "prompt_tokens n_prompt_tokens num_prompt_tokens n_input_tokens num_input_tokens tok_in",
    "efficiency": "eff efficiency_score eff_score",
    "seconds": "time latency duration elapsed wall_time runtime total_time time_s latency_s duration_s seconds_total",
    "cost": "price usd dollars cost_usd total_cost",
    "answer": (
        "final_answer extracted_answer parsed_answer predicted_answer model_answer prediction pred predicted "
        "extracted normalized_answer filtered_resps"
    ),
    "target": "gold gold_answer ground_truth truth reference_answer expected expected_answer correct_answer",
    "n": "n_samples num_samples samples n_total total num_total n_attempts num_attempts attempts trials nfiles",
    "c": (
        "n_correct num_correct correct_count n_passed num_passed passes successes n_success num_success n_pass "
        "count_correct"
    ),
}

ALIASES: Final = MappingProxyType({word: tuple(text.split()) for word, text in _WRITTEN.items()})
"""Word → headers that mean it, preferred ones first; case, spaces, underscores and dashes do not matter."""

TELLING: Final = ("model", "model_name", "prompt", "filter", "temperature", "method", "config", "dataset")
"""Columns whose values should not be mixed without a word."""


def choose(headers: Iterable[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Find out which column means which word.

    Args:
        headers: columns that are there.
        mapping: word → header, which wins over the headers' own meaning.

    Returns:
        Word → header, for every word that has one.

    Raises:
        ColumnError: the mapping names an unknown word or a column that is not there.

    >>> choose(["task_id", "completion_id", "passed", "note"], {})
    {'problem': 'task_id', 'attempt': 'completion_id', 'correct': 'passed'}
    """
    names = list(headers)
    for word, header in mapping.items():
        if word not in ALIASES:
            raise ColumnError(f"Samples have no word {word!r}. Map columns onto {', '.join(ALIASES)}.")
        if header not in names:
            raise ColumnError.from_missing(header, names)
    free = {_key(name): name for name in reversed(names) if name not in mapping.values()}
    found: dict[str, str] = {}
    for word, aliases in ALIASES.items():
        if word in mapping:
            found[word] = mapping[word]
            continue
        key = next((key for key in map(_key, (word, *aliases)) if key in free), None)
        if key is not None:
            # One column has one meaning.
            found[word] = free.pop(key)
    return _questions_and_answers(found, free)


def _questions_and_answers(found: dict[str, str], free: Mapping[str, str]) -> dict[str, str]:
    """Beside a prediction, the column `answer` is the right one, as in tables of questions and answers."""
    if _key(found.get("answer", "")) != "answer" or "target" in found:
        return found
    own = next((free[key] for key in map(_key, ALIASES["answer"]) if key in free), "")
    return found if not own else {**found, "answer": own, "target": found["answer"]}


def _key(name: str) -> str:
    """Header without case, spaces, underscores, dashes and the like."""
    return re.sub(r"[\s_\-./@]+", "", name).casefold()
