"""Open files: the limit is kept, what was used lately stays, what must not go does not."""

from hypothesis import given
from hypothesis import strategies as st

from storage.open_files import OpenFiles


class Some:
    """A file as the limit sees it."""

    def __init__(self, *, may_go: bool = True) -> None:
        self.was_used = True
        self.may_go = may_go
        self.is_open = True

    def let_go(self) -> bool:
        if self.may_go:
            self.is_open = False
        return self.may_go


@given(st.integers(1, 40), st.integers(0, 100))
def test_no_more_than_the_limit_are_open(limit: int, count: int) -> None:
    open_files = OpenFiles(limit)
    files = [Some() for _ in range(count)]
    for file in files:
        open_files.opened(file)
        assert sum(one.is_open for one in files[: files.index(file) + 1]) <= limit
    assert len(open_files) == sum(file.is_open for file in files) or not files


def test_what_was_used_lately_stays() -> None:
    open_files = OpenFiles(4)
    files = [Some() for _ in range(4)]
    for file in files:
        open_files.opened(file)
        file.was_used = False
    files[0].was_used = True

    open_files.opened(Some())

    assert [file.is_open for file in files] == [True, False, True, True]


def test_file_that_must_not_be_closed_stays_beyond_the_limit() -> None:
    open_files = OpenFiles(2)
    files = [Some(may_go=False) for _ in range(5)]
    for file in files:
        open_files.opened(file)

    assert all(file.is_open for file in files)
    files[3].may_go = True
    open_files.opened(Some())
    assert [file.is_open for file in files] == [True, True, True, False, True]


def test_files_that_nobody_has_any_more_make_room() -> None:
    open_files = OpenFiles(2)
    kept = Some()
    open_files.opened(kept)
    for _ in range(10):
        kept.was_used = True
        open_files.opened(Some())

    assert len(open_files) <= 2
    assert kept.is_open


def test_room_is_made_when_the_system_refuses() -> None:
    open_files = OpenFiles(100)
    files = [Some() for _ in range(10)]
    for file in files:
        open_files.opened(file)

    open_files.make_room()

    assert sum(file.is_open for file in files) == 5
