"""The verbs on consumer groups: of their members, and of those who look after them."""
