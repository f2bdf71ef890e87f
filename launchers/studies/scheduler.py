"""Which run comes next, and which never will."""

from collections.abc import Collection, Mapping

from pvvae.study.spec.expansion import Task, Trial


class Order:
    """The runs of a study that are left, first come first served, each after those it builds on."""

    def __init__(
        self, tasks: Mapping[str, Task], *, done: Collection[str], alone: Collection[str]
    ) -> None:
        """``done`` are addresses; ``alone`` the stages beside which nothing else may run."""
        self._left = [task for address, task in tasks.items() if address not in done]
        self._done, self._alone = set(done), alone
        self._failed: dict[str, str] = {}

    @property
    def left(self) -> tuple[Task, ...]:
        """Runs that have not begun."""
        return tuple(self._left)

    def take(self, running: Collection[Task]) -> Task | None:
        """The run that may begin now beside those that are running; None if none may."""
        if any(task.stage in self._alone for task in running):
            return None
        for task in self._left:
            if all(address in self._done for address in task.needs.values()):
                if task.stage in self._alone and running:
                    return None  # it would never get its turn if others went first
                self._left.remove(task)
                return task
        return None

    def end(self, task: Task, *, failed: str, again: bool) -> None:
        """A run is over. With ``again`` one that failed comes first once more."""
        if not failed:
            self._done.add(task.address)
        elif again:
            self._left.insert(0, task)
        else:
            self._failed[task.address] = failed
            self._left = [other for other in self._left if not self._hopeless(other)]

    def _hopeless(self, task: Task) -> bool:
        """Whether a run builds on one that was given up."""
        hopeless = any(address in self._failed for address in task.needs.values())
        if hopeless:
            self._failed[task.address] = ""  # runs come after those that they build on
        return hopeless

    def over(self, cell: Trial) -> bool:
        """Whether no run of the cell is left: all are done, or one never will be."""
        addresses = [task.address for task in cell.runs.values()]
        return any(a in self._failed for a in addresses) or all(a in self._done for a in addresses)
