import pytest

from pvvae.config.reading import expected_form, parse_json, parse_yaml, read_object, read_text
from pvvae.errors import ConfigError, one_line, shown

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: 2026-01-02", {"a": "2026-01-02"}),  # a run's name, not a date
        ("a: 24:00:00", {"a": 86400}),
        ("a: &b [1]\nc: *b", {"a": [1], "c": [1]}),
        ("a: {<<: {b: 1}, c: 2}", {"a": {"b": 1, "c": 2}}),
        ("a: .inf", {"a": float("inf")}),
        ("", None),
    ],
)
def test_what_a_config_is_made_of_is_read(text, value):
    assert parse_yaml(text, "a.yaml") == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "a.yaml:5: not valid YAML: more than 50,000 values, repeated ones included"),
        ("a: &a [*a]", "a.yaml:1: not valid YAML: an alias stands within what it names"),
        ('folder: "runs/a\\0b"', "a.yaml:1: not valid YAML: "),
        ('folder: "runs/a\\0b"', "has a NUL, which no path or word may have"),
        ("[" * 3000, "a.yaml:1: not valid YAML: nested more than 40 levels deep"),
        ("a: !!python/object/apply:os.system [x]", "the tag tag:yaml.org,2002:python"),
        ("a: !!binary x", "has no meaning here"),
        ("a: 0x" + "f" * 30, "is beyond 64 bits"),
        ("a: !!int x", "x is no number"),
        ("x" * 300_000, "a.yaml: 300,000 characters of YAML; at most 262,144 are read"),
    ],
)
def test_anything_else_is_refused_in_a_short_line(text, said):
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "a.yaml")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300


def test_text_that_is_no_utf_8_says_where(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: caf\xe9")
    with pytest.raises(ConfigError, match=r"a.yaml: not UTF-8 text \(byte 6\)"):
        read_text(path)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "1" * 30, "1" * 5000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ConfigError, match=r"^a.json: "):
        parse_json(text, "a.json")


def test_json_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[1]")
    with pytest.raises(ConfigError, match=r"a.json: must hold a mapping, got \[1\]"):
        read_object(path)


def test_what_fails_inside_is_said_of_the_file():
    with pytest.raises(ConfigError, match=r"^a.json: damaged, .*no 'x'"), expected_form("a.json"):
        {}["x"]


def test_messages_are_one_line_however_long_and_strange_a_value_is():
    nested = ["x"]
    for _ in range(30):
        nested = [nested] * 9  # 9^30 values
    assert len(shown(nested)) < 100
    assert one_line("a\nb\x1b[2J") == "a\\nb\\x1b[2J"
    assert len(one_line("x" * 10_000)) < 2010
