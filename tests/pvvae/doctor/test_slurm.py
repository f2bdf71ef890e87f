"""What Slurm's own words say of its defaults."""

from pvvae.doctor.slurm import defaults

CONFIG = "DefMemPerNode           = UNLIMITED\nJobRequeue              = {requeue}\n"
PARTITION = (
    "PartitionName=gpu AllowGroups=ALL Default={default} DefaultTime=01:00:00 MaxTime=2-00:00:00 "
    "DefMemPerCPU=4000\n"
)


def test_the_default_partition_says_its_time_and_memory():
    requeue, partition = defaults(CONFIG.format(requeue=1), PARTITION.format(default="YES"))
    assert (requeue.right, requeue.advice) == (True, "")
    assert partition.found == (
        "gpu: 01:00:00, at most 2-00:00:00; memory of a job 4000 MB (DefMemPerCPU)"
    )


def test_no_requeue_and_no_default_partition_are_said():
    requeue, partition = defaults(CONFIG.format(requeue=0), PARTITION.format(default="NO"))
    assert (requeue.right, partition.right) == (None, None)
    assert "--requeue" in requeue.advice
    assert "sbatch --partition=" in partition.advice
