from pvvae.training.monitoring.log_line import summary


def test_a_line_has_the_first_losses_and_the_pace():
    values = {"mse": 0.0123456, "diff": 0.5, "skipped": 2, "kl_channel": [1.0]}
    times = {"seconds_per_step": 1.2345, "clips_per_second": 13.0, "data_wait_share": 0.034}
    assert summary(1000, 50_000, values, times) == (
        "step 1,000 of 50,000, mse 0.0123, diff 0.5, 2 skipped, 1.23 s a step, 13 clips/s, "
        "3% waiting for data"
    )


def test_spikes_are_named():
    values = {"mse": 0.5, "skipped": 0, "spikes": 2, "spiked": "gradient_norm mse"}
    said = "step 1 of 2, mse 0.5, 2 spikes (gradient_norm mse)"
    assert summary(1, 2, values, {}) == said
    assert summary(1, 2, {"mse": 0.5, "skipped": 0, "spikes": 0}, {}) == "step 1 of 2, mse 0.5"


def test_an_interval_without_losses_says_that_it_was_skipped():
    assert summary(2, 4, {"skipped": 1}, {}) == "step 2 of 4, 1 skipped"
