"""What commands ask the server before they begin."""

from cauce.client.errors import Refused
from cauce.client.http import HttpClient
from cauce.client.topics import Topics

NOT_FOUND = 404


class UnknownTopic(Refused):
    """There is no such topic; says how to make one."""

    def __init__(self, topic: str, refused: Refused) -> None:
        super().__init__(refused.status, refused.error_code, refused.message)
        self._topic = topic

    def __str__(self) -> str:
        return (
            f"there is no topic {self._topic!r}; "
            f"create it with `cauce topic create {self._topic}`, or see `cauce topic list`"
        )


def check_topic(http: HttpClient, topic: str) -> None:
    """Find out that the server is there and knows the topic, before input is read.

    Raises:
        UnknownTopic: It does not.
    """
    try:
        Topics(http).get(topic)
    except Refused as error:
        if error.status == NOT_FOUND:
            raise UnknownTopic(topic, error) from error
        # Others may know it: a principal may be allowed to write and not to describe.
