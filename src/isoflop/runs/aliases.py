"""Headers as people write them, for each word of the vocabulary, preferred ones first."""

from typing import Final

_WRITTEN: Final = {
    "params": (
        "n_params num_params param_count params_count parameters n_parameters num_parameters "
        "number_of_parameters parameter_count total_params total_parameters model_size model_params "
        "model_parameters size_params n_model nparams non_embedding_params params_non_embedding "
        "n_non_embedding n_noembed n_non_emb params_no_embedding non_embedding_parameters n_active "
        "active_params active_parameters"
    ),
    "tokens": (
        "n_tokens num_tokens token_count tokens_seen seen_tokens training_tokens train_tokens total_tokens "
        "tokens_trained trained_tokens number_of_tokens tokens_processed tokens_consumed consumed_tokens "
        "n_train_tokens dataset_tokens ntokens data dataset_size data_size"
    ),
    "flops": (
        "flop compute training_flops train_flops training_flop train_flop total_flops total_flop "
        "training_compute train_compute compute_flops compute_flop num_flops n_flops flops_total flop_count "
        "flops_budget compute_budget flop_budget budget"
    ),
    "loss": (
        "val_loss valid_loss validation_loss loss_val loss_valid loss_validation eval_loss evaluation_loss "
        "test_loss final_val_loss final_loss final_eval_loss held_out_loss heldout_loss cross_entropy "
        "cross_entropy_loss ce_loss xent nll lm_loss mean_loss smoothed_loss bits_per_byte bpb val_bpb "
        "valid_bpb validation_bpb eval_bpb test_bpb bits_per_character bits_per_char bpc val_bpc train_loss "
        "training_loss loss_train final_train_loss"
    ),
    "steps": (
        "n_steps num_steps training_steps train_steps total_steps optimizer_steps optimiser_steps updates "
        "num_updates iterations n_iterations num_iterations iters max_steps"
    ),
    "unique_tokens": "n_unique_tokens num_unique_tokens tokens_unique distinct_tokens unique_data",
    "epochs": "n_epochs num_epochs epoch repeats passes",
    "batch_tokens": ("tokens_per_batch batch_size_tokens tokens_per_step batch_size_in_tokens global_batch_tokens"),
    "batch_sequences": "batch_seqs sequences_per_batch batch_size_sequences global_batch_size",
    "sequence_length": "seq_len seq_length seqlen context_length context_size block_size ctx_len",
    "vocabulary_size": "vocab_size vocab n_vocab num_vocab",
    "lr": "learning_rate peak_lr max_lr lr_max peak_learning_rate max_learning_rate base_lr",
    "weight_decay": "wd",
    "width": "d_model dmodel hidden_size hidden_dim n_embd embed_dim model_width",
    "depth": "n_layers num_layers n_layer layers num_blocks n_blocks num_hidden_layers",
    "seed": "random_seed rng_seed",
    "checkpoint_step": "step ckpt_step checkpoint global_step iteration",
    "planned_steps": "target_steps",
    "planned_tokens": "target_tokens",
    "weight": "weights run_weight",
    "noise": "loss_sd loss_std loss_se loss_stderr seed_sd sigma",
    "noise_relative": "relative_noise rel_noise",
    "run": "run_id run_name experiment wandb_id",
    "recipe": "method setup train_set",
    "family": "model_family",
    "schedule": "lr_schedule scheduler lr_scheduler",
    "status": "state run_status run_state",
}

ALIASES: Final = {word: tuple(text.split()) for word, text in _WRITTEN.items()}
"""Word → headers that mean it; case, spaces, underscores and dashes do not matter."""
