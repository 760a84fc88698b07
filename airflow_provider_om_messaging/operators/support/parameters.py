"""Checking the parameters of tasks: what each may be, and that one that was given has not become empty.

A task declares its parameters in a table, name → :class:`Parameter`. All in it are templated. What was given
(as a value, a template, another task's output or by mapping) and is None, ``None`` or ``null`` as text, or
empty when the task runs stops the task before anything is sent or written. A None that the author of a DAG
wrote means "not given".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from jinja2 import Undefined

from airflow_provider_om_messaging.exceptions import InvalidParameterError, public_errors
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.protocol.model import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

ON_REJECTED = ("fail", "skip", "report")
"""What a task can do about an import or a plan that does not pass."""


@dataclass(frozen=True)
class Parameter:
    """
    What a parameter may be.

    :param check: takes the parameter's name and its value, and returns the value as the task uses it.
    :param is_needed: whether None, if the author wrote it, is checked as well.
    :param is_setting: it is a number, a flag or a choice: one that is written out is checked when the DAG is
        parsed, one that a template renders to text is read from that.
    :param is_text: it is a setting that stays a text, whatever that looks like.
    :param is_name: it is a text, and no other type that a template may make one of is meant by it.
    :param is_data: it has members, of which none that a template makes may come to nothing either.
    :param attribute: what the task calls it, if Airflow has something of its own under its name.
    :param cause: why it may have come to nothing.
    """

    check: Callable[[str, Any], Any]
    is_needed: bool = False
    is_setting: bool = False
    is_text: bool = False
    is_name: bool = False
    is_data: bool = False
    attribute: str | None = None
    cause: str = "the task or template that it is taken from has failed, was skipped or returned nothing"


MADE_FOR_WORK = ("hook", "execution", "_execution")
"""Attributes that tasks make once they work, with connections and the context in them."""


class CheckedParameters:
    """What operators and sensors have in common: checked parameters, and the hook of their connection."""

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    om_messaging_conn_id: str
    _mapped_names: frozenset[str] = frozenset()
    _written: Mapping[str, Any] = MappingProxyType({})

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Note what a mapped task was given: in ``__init__``, a mapped None looks like the default."""
        task = super().__new__(cls)
        if kwargs.get("_airflow_from_mapped"):
            task.__dict__["_mapped_names"] = frozenset(kwargs)
        return task

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: it makes anew what it works with."""
        state: dict[str, Any] = super().__getstate__()  # type: ignore[misc]  # operators have it on any Python
        return {name: value for name, value in state.items() if name not in MADE_FOR_WORK}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy as :meth:`__getstate__` describes it; Airflow copies all attributes but by this."""
        made = {name: self.__dict__.pop(name) for name in MADE_FOR_WORK if name in self.__dict__}
        try:
            copied: Self = super().__deepcopy__(memo)  # type: ignore[misc]  # operators have it
        finally:
            self.__dict__.update(made)
        return copied

    @cached_property
    def hook(self) -> OpenMetadataMessagingHook:
        """The hook of this task, made once."""
        from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

        return OpenMetadataMessagingHook(self.om_messaging_conn_id)

    def note_parameters(self) -> None:
        """
        Note the parameters as they are written in the DAG, and check settings. The last step of ``__init__``.

        :raises InvalidParameterError: a setting is wrong.
        """
        # Airflow 2.11 copies a task's attributes in their order, and needs its own first.
        self._mapped_names = self.__dict__.pop("_mapped_names", frozenset())
        fields = zip(self.parameters, list_field_names(self.parameters), strict=True)
        self._written = {name: getattr(self, field) for name, field in fields}
        with public_errors():
            for name, value in self._written.items():
                parameter = self.parameters[name]
                if parameter.is_setting and value is not None and _is_literal(value):
                    if _is_nothing(value):  # as a mapped task may be given it
                        raise _make_empty_value_error(name, value, parameter.cause)
                    setattr(self, parameter.attribute or name, parameter.check(name, value))
            self.check_combinations()

    def check_parameters(self) -> None:
        """
        Check all parameters as they were rendered. The first step of ``execute``, and after a deferral.

        :raises InvalidParameterError: naming the one that has come to nothing, or has a wrong type or value.
        """
        with public_errors():
            for name, parameter in self.parameters.items():
                written, value = self._written.get(name), self.get_rendered_value(name)
                if _is_nothing(value) and self._is_given(name):
                    raise _make_empty_value_error(name, value, parameter.cause)
                if parameter.is_data:
                    _check_members(name, written, value, parameter.cause)
                if value is None and not parameter.is_needed:
                    continue
                if isinstance(value, str) and not _is_literal(written):
                    if parameter.is_setting and not parameter.is_text:
                        value = names.parse_rendered(value)
                    elif parameter.is_name:
                        value = names.read_rendered(value)
                setattr(self, parameter.attribute or name, parameter.check(name, value))
            self.check_combinations()

    def check_combinations(self) -> None:
        """
        Check parameters that exclude each other, when the DAG is parsed and when the task runs.

        A flag that a template makes is a text until the task runs: ``is True`` and ``is False`` both fail.

        :raises InvalidParameterError: some do.
        """

    def get_rendered_value(self, name: str) -> Any:
        """Return a parameter as it was rendered."""
        return getattr(self, self.parameters[name].attribute or name)

    def _is_given(self, name: str) -> bool:
        if self._written.get(name) is not None:
            return True
        if name not in self._mapped_names:
            return False
        task: Any = self
        partial = (
            getattr(task.dag.task_dict.get(task.task_id), "partial_kwargs", {}) if task.has_dag() else {}
        )
        is_none_by_author = name in partial and partial[name] is None
        return not is_none_by_author


def list_field_names(parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Return the template fields that a task's parameters are."""
    return tuple(parameter.attribute or name for name, parameter in parameters.items())


def text(**options: Any) -> Parameter:
    """Return a parameter that is a text."""
    return Parameter(names.require_text, is_name=True, **options)


def pattern() -> Parameter:
    """Return a setting that is a regular expression."""

    def check(name: str, value: Any) -> Any:
        from airflow_provider_om_messaging.protocol.services.selection import parse_pattern

        return parse_pattern(name, value).pattern

    return Parameter(check, is_setting=True, is_text=True)


def entry(field: str) -> Parameter:
    """
    Return a setting that names what may stand in a field, such as ``team:payments`` in owners.

    :param field: ``owners``, ``tags`` or ``domains``.
    """

    def check(name: str, value: Any) -> Any:
        from airflow_provider_om_messaging.protocol.model.references import parse_reference

        named = names.require_text(name, value)
        parse_reference(field, named, name)
        return named

    return Parameter(check, is_setting=True, is_text=True, is_name=True)


def any_value(**options: Any) -> Parameter:
    """Return a parameter that what uses it checks."""
    return Parameter(lambda _, value: value, **options)


def path() -> Parameter:
    """Return a parameter that is a local path or an object-storage URL, as text or as a path object."""

    def check_path(name: str, value: Any) -> str:
        return names.require_text(name, to_text(value))

    return Parameter(check_path, is_name=True)


def choice(*options: str) -> Parameter:
    """Return a setting that is one of a few words."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in options:
            raise InvalidParameterError(f"{name} has to be one of {', '.join(options)}, not {value!r}.")
        return value

    return Parameter(check, is_needed=True, is_setting=True)


def whole_number(minimum: int, maximum: int | None = None) -> Parameter:
    """Return a setting that is a whole number from a minimum on, maybe up to a maximum."""
    allowed = f"from {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def check(name: str, value: Any) -> Any:
        if not names.is_whole_number(value, minimum, maximum):
            raise InvalidParameterError(f"{name} has to be a whole number {allowed}, not {value!r}.")
        return value

    return Parameter(check, is_setting=True)


def fraction() -> Parameter:
    """Return a setting that is a number from 0 to 1."""

    def check(name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise InvalidParameterError(f"{name} has to be a number from 0 to 1, not {value!r}.")
        return value

    return Parameter(check, is_setting=True)


def flag(**options: Any) -> Parameter:
    """Return a setting that is True or False."""
    return Parameter(names.require_flag, is_needed=True, is_setting=True, **options)


def seconds(*, may_be_zero: bool = False) -> Parameter:
    """Return a setting that is a number of seconds."""
    return Parameter(partial(names.require_seconds, may_be_zero=may_be_zero), is_setting=True)


def check_one_source(source: Any, csv: Any) -> None:
    """
    Check that a CSV is given in one way.

    :raises InvalidParameterError: it is given in both.
    """
    if source is not None and csv is not None:
        raise InvalidParameterError(
            "source and csv are both given: name a file in source or give the text in csv, not both. Nothing "
            "was sent."
        )


def list_of_texts() -> Parameter:
    """Return a setting that is a list of words; a text is one word, not a word per letter."""

    def check(name: str, value: Any) -> Any:
        texts = (value,) if isinstance(value, str) else value
        if not isinstance(texts, Sequence) or not all(isinstance(word, str) for word in texts):
            raise InvalidParameterError(f"{name} has to be a list of texts, not {value!r}.")
        return list(texts)

    return Parameter(check, is_setting=True)


def job_id() -> Parameter:
    """Return a parameter that is the id of a job."""
    return Parameter(
        lambda _, value: names.parse_job_id(value),
        is_needed=True,
        is_name=True,
        cause="give the job_id that the export or import task returned. One that was done without a job "
        "returns None: then there is nothing to wait for",
    )


def _is_nothing(value: Any) -> bool:
    if isinstance(value, str):  # the filter ``tojson`` makes a null of None
        return value.strip() in {"", "None", "null"}
    return value is None or isinstance(value, Undefined)


def _is_literal(value: Any) -> bool:
    """Return whether a value is the same when the task runs: no template, nothing that Airflow resolves."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value
    if isinstance(value, (list, tuple, set)):
        return all(map(_is_literal, value))
    return not callable(value) and not hasattr(value, "resolve")


def _check_members(name: str, written: Any, value: Any, cause: str) -> None:
    """Refuse data with a member that a template has made nothing, which would take a field away."""
    written, value = _parse_value(written), _parse_value(value)
    members: list[tuple[Any, Any, Any]] = []
    if isinstance(written, Mapping) and isinstance(value, Mapping):
        members = [(key, written[key], value[key]) for key in written if key in value]
    elif isinstance(written, (list, tuple)) and isinstance(value, (list, tuple)):
        members = [(at, *pair) for at, pair in enumerate(zip(written, value, strict=False))]
    for key, before, after in members:
        if _is_nothing(after) and not _is_nothing(before):
            raise _make_empty_value_error(f"{name}[{key!r}]", after, cause)
        _check_members(f"{name}[{key!r}]", before, after, cause)


def _parse_value(value: Any) -> Any:
    return names.parse_rendered(value) if isinstance(value, str) else value


def _make_empty_value_error(name: str, value: Any, cause: str) -> InvalidParameterError:
    what = f"{name} is empty" if isinstance(value, str) and not value.strip() else f"{name} is None"
    return InvalidParameterError(f"{name} has come to nothing ({what}): {cause}. Nothing was sent.")
