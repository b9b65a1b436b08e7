"""A document is read with its lines; hostile ones are refused at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.yaml_tree import MAX_BYTES, Items, Leaf, Table, parse_tree


def findings_of(text):
    return [str(finding) for finding in parse_tree(text, "f.yaml")[1]]


def test_values_have_their_yaml_1_2_type_and_line():
    tree, findings = parse_tree('a: 1\nb:\n  - "1"\n  - 1.5\n  - true\n  -\n', "f.yaml")
    assert findings == []
    values = Items((Leaf("1", 3), Leaf(1.5, 4), Leaf(True, 5), Leaf(None, 6)), 3)
    assert tree == Table({"a": Leaf(1, 1), "b": values}, 1, {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("on: x", "f.yaml:1: the key on: means true or false to many YAML readers: rename it"),
        ("a: x\n1: z", 'f.yaml:2: the key 1 must be text: write "1"'),
        ("? [a, b]\n: c", "f.yaml:1: a key must be text"),
        (
            "a: 18:00",
            'f.yaml:1: quote it: "18:00" (many YAML readers turn the bare 18:00 into another value)',
        ),
        ("a: off", 'f.yaml:1: quote it: "off" (many YAML readers turn the bare off into another value)'),
        ("a: 010", 'f.yaml:1: quote it: "010" (many YAML readers turn the bare 010 into another value)'),
        ("a: 1\nb: 2\na: 3", "f.yaml:3: a is already given on line 1"),
        ("a: &x [1]\nb: *x", "f.yaml:2: aliases (*name) are not allowed: write the value out"),
        ("a: !!python/object:os.system x", "f.yaml:1: tags (!name) are not allowed"),
        ("a: 1\n---\nb: 2", "f.yaml:2: a file holds one document: remove the second ---"),
        ("", "f.yaml:1: the file is empty"),
        ("# nothing\n", "f.yaml:1: the file is empty"),
    ],
)
def test_traps_and_tricks_are_told_with_their_line(text, told):
    assert findings_of(text) == [told]


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "\ta: 1", "a\x00b", "%", "a: 'x", "{", "@x"])
def test_what_is_not_yaml_is_told(text):
    assert findings_of(text)[0].startswith("f.yaml:1: not YAML: ")


def test_aliases_that_would_grow_to_billions_are_refused_unexpanded():
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))
    tree, findings = parse_tree(f"a0: &a0 [x]\n{levels}", "f.yaml")
    assert len(findings) == 81
    assert isinstance(tree, Table)


def test_endless_mistakes_get_a_short_answer():
    assert len(findings_of(f"a: [{'*x, ' * 20_000}]")) <= 202


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{b: " * 20_000, "- " * 5_000, "? " * 5_000])
def test_depth_is_bounded(text):
    assert "nested deeper than 12 levels" in findings_of(text)[0]


def test_size_is_bounded_before_anything_is_parsed():
    assert findings_of("a: 1\n" * (MAX_BYTES // 2)) == ["f.yaml:1: the file is larger than 256 KiB"]


@given(st.text(alphabet=st.sampled_from("ab1:-?[]{}&*!|>'\"%@` \n#,\t\ud800中"), max_size=60))
def test_no_text_makes_the_reader_fail(text):
    tree, findings = parse_tree(text, "f.yaml")
    assert tree is not None or findings
