"""Tokens of one subscription: what is the same in all of them, and what moves.

Called by: subscription, opening. Calls: resume_tokens.
"""

from collections.abc import Callable, Mapping

from app.api.resume_tokens import ResumePoint, ResumeTokens
from app.consumers.model import TopicPartition


class Tokens:
    """Makes the tokens of one subscription."""

    def __init__(
        self, tokens: ResumeTokens, template: ResumePoint, topic_id: Callable[[str], str | None]
    ) -> None:
        """Make tokens that differ from a template in epoch and positions.

        Args:
            tokens: Signs them.
            template: Its epoch is what the session's own is added to.
            topic_id: Returns a topic's id, or None where there is none (any more).
        """
        self._tokens = tokens
        self._template = template
        self._topic_id = topic_id

    @property
    def epoch(self) -> int:
        """What the session's own epoch is added to."""
        return self._template.epoch

    @property
    def session(self) -> str:
        """The session's name."""
        return self._template.session

    def positions(self) -> dict[TopicPartition, int]:
        """Return the positions of the template."""
        return {
            TopicPartition(topic, partition): offset
            for topic, (_, pairs) in self._template.positions.items()
            for partition, offset in pairs
        }

    def issue(self, epoch: int, positions: Mapping[TopicPartition, int]) -> str:
        """Return the token of a place."""
        template = self._template
        by_topic: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        for (topic, partition), offset in positions.items():
            if topic not in by_topic:
                known = template.positions.get(topic, ("",))[0]
                by_topic[topic] = (self._topic_id(topic) or known, [])
            by_topic[topic][1].append((partition, offset))
        return self._tokens.issue(
            ResumePoint(
                template.session,
                template.principal,
                template.epoch + epoch,
                template.settings,
                by_topic,
            )
        )
