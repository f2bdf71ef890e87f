from pvvae.report.colophon import commands_of


def test_a_recorded_command_becomes_the_two_that_repeat_it() -> None:
    recorded = "/somewhere/stages/__main__.py --local_rank=0 configs/a.yaml steps=4 seed=1"
    assert commands_of({"command": recorded, "processes": 2}) == [
        "pvvae train configs/a.yaml steps=4 seed=1 --processes 2",
        "deepspeed --num_accelerators 2 --module stages configs/a.yaml steps=4 seed=1",
    ]


def test_a_run_of_another_program_shows_what_was_recorded() -> None:
    assert commands_of({"command": "/bin/program one"}) == ["program one"]
    assert commands_of({}) == []
