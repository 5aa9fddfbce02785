from schema_registry.formats.json_schema.nodes import Kind, Node, ReferenceFacts


def test_a_node_is_resolved_through_all_its_references() -> None:
    end = Node(raw=True)
    inner = Node(raw={"$ref": "#b"}, kind=Kind.REFERENCE, facts=ReferenceFacts(node=end))
    outer = Node(raw={"$ref": "#a"}, kind=Kind.REFERENCE, facts=ReferenceFacts(node=inner))

    assert outer.resolved() is end
    assert end.resolved() is end


def test_nodes_that_say_the_same_are_two() -> None:
    assert Node(raw=True) != Node(raw=True)
