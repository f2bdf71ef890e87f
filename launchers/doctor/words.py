"""Programs that answer checks, and bounds that several of them have."""

from launchers.doctor.gpu_check import Words

EQUAL = "every test passes"
TESTED = "tolerances stand in the tests"
ENDS = "two steps with finite losses"
OURS = "ours"
BENCHED = "it ends; its figures are to be read"


def tests(*paths: str) -> Words:
    """The project's own tests in these files."""
    return ("pytest", "-x", "-q", *(f"tests/{path}" for path in paths))


def dry(config: str, *overrides: str) -> Words:
    """Two steps of a config on clips that are made up."""
    return ("pvvae", "dry-run", f"configs/{config}.yaml", *overrides, "--processes", "1")


XL: Words = ("pvvae", "bench", "latte", "--depth", "28", "--batch", "4", "--bf16")
XL += ("--warmup", "50", "--rounds", "100")
TINY_LATTE: Words = ("pvvae", "bench", "latte", "--depth", "1", "--width", "32", "--heads", "2")
TINY_LATTE += ("--size", "64", "--batch", "1", "--warmup", "0", "--rounds", "1", "--sampling", "1")
TINY_METRICS: Words = ("pvvae", "bench", "metrics", "--clips", "2", "--clip", "17x32x32")
TINY_METRICS += ("--statistics", "32")
SPEEDS: Words = ("pvvae", "bench", "vae", "--models", "cnn", "vit", "wan2.2", "--bf16", "--train")
TINY_SPEEDS: Words = (
    "pvvae",
    "bench",
    "vae",
    "--models",
    "tiny/cnn",
    "tiny/vit",
    "--clip",
    "5x32x32",
)
TINY_SPEEDS += ("--batch", "1", "--warmup", "0", "--rounds", "1", "--train")
