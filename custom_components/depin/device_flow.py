"""What the flows of all kinds of devices share: the profile, and what the device is used as."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from secrets import token_bytes
from types import MappingProxyType
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .const import (
    CONF_CONNECTION_POWER,
    CONF_CURRENT_LIMIT,
    CONF_DEVICE_NAME,
    CONF_IMPORT_ONLY,
    CONF_PART,
    CONF_POINTS,
    CONF_POLL_SECONDS,
    CONF_PROFILE,
    CONF_PROFILE_OPTIONS,
    CONF_RATED_POWER,
    CONF_ROLE,
    CONF_TURNED,
    CONF_USES,
)
from .devices import profiles
from .devices.points import NO_POINTS, Points, Reading, Role
from .devices.profiles import Profile
from .devices.roles import METERS, Use, counters, uses_of
from .protocol.encoding import to_text
from .sensed_device import limit_of, uses_in

UNUSED: Final = "unused"
_NAME_SIZE: Final = 16
_PLAIN: Final = (
    CONF_RATED_POWER,
    CONF_CONNECTION_POWER,
    CONF_POLL_SECONDS,
    CONF_IMPORT_ONLY,
    CONF_CURRENT_LIMIT,
)
MOST_WATTS: Final = 10_000_000


def whole(low: int, high: int, unit: str | None = None) -> Any:  # noqa: ANN401 - as forms take it
    """Return the field of a whole number."""
    config = NumberSelectorConfig(min=low, max=high, step=1, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def one_of(words: Iterable[str]) -> SelectSelector:
    """Return the field of one of several words that are shown as they are."""
    return SelectSelector(
        SelectSelectorConfig(options=list(words), mode=SelectSelectorMode.DROPDOWN)
    )


def role_field(roles: Iterable[str]) -> SelectSelector:
    """Return the field of what something is in a home."""
    return SelectSelector(SelectSelectorConfig(options=list(roles), translation_key="role"))


def grid_fault(counters_there: Collection[str], *, import_only: bool) -> str | None:
    """Tell why a meter with these counters cannot settle, None where it can."""
    if "import_wh" not in counters_there:
        return "no_import"
    return None if import_only or "export_wh" in counters_there else "no_export"


class MeasuringFlow(ConfigSubentryFlow, ABC):
    """Adds something that measures, or changes it: its data is stored when all of it fits."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._data: dict[str, Any] = {}

    @property
    def _changes(self) -> bool:
        return self.source == SOURCE_RECONFIGURE

    @abstractmethod
    def _identity(self) -> str:
        """Return what tells it from others."""

    def _abort_if_known(self) -> None:
        """End the flow where it is there already."""
        own = self._get_reconfigure_subentry().subentry_id if self._changes else None
        for subentry in self._get_entry().subentries.values():
            if subentry.unique_id == self._identity() and subentry.subentry_id != own:
                raise AbortFlow("already_configured")

    def _store(self, title: str) -> SubentryFlowResult:
        """Store it under the name that its owner gave it."""
        if self._changes:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=title,
                data=self._data,
                unique_id=self._identity(),
            )
        return self.async_create_entry(title=title, data=self._data, unique_id=self._identity())


class DeviceFlow(MeasuringFlow):
    """Adds a device that measures energy, or changes one."""

    def _other_grids(self) -> int:
        """Return how many of the other devices are this home's grid meter."""
        own = self._get_reconfigure_subentry().subentry_id if self._changes else None
        return sum(
            use.role is Role.GRID
            for subentry in self._get_entry().subentries.values()
            if subentry.subentry_id != own
            for use in uses_in(subentry.data)
        )

    def _finish(self, chosen: Mapping[str, Any], uses: Iterable[Use]) -> SubentryFlowResult:
        """Store the device."""
        for name in _PLAIN:
            self._data.pop(name, None)
            if name in chosen:
                self._data[name] = chosen[name]
        self._data[CONF_USES] = [
            {
                CONF_PART: use.part.value,
                CONF_ROLE: use.role.value,
                CONF_DEVICE_NAME: use.device,
                CONF_TURNED: use.turned,
            }
            for use in uses
        ]
        self._data[CONF_POINTS] = self._points()
        return self._store(chosen[CONF_NAME])

    @abstractmethod
    def _points(self) -> dict[str, list[str]]:
        """Return what each part can show, as far as it was seen."""


class ProfileFlow(DeviceFlow):
    """Adds a device that a profile describes, by what the device itself has just said."""

    _profile: Profile
    _reading: Reading
    _told: Mapping[str, str] = MappingProxyType({})
    """The choices that fit the device by what it says, where others were made."""
    _takes_limit = False
    """Whether the owner may let others limit its current."""

    async def _async_profiles(self, transports: Iterable[str]) -> SelectSelector:
        """Return the field of the profiles that are read in some way."""
        wanted = frozenset(transports)

        def load() -> list[Profile]:
            return [profiles.load(name) for name in profiles.names()]

        loaded = await self.hass.async_add_executor_job(load)
        options = [
            SelectOptionDict(value=each.key, label=each.name)
            for each in sorted(loaded, key=lambda profile: profile.name.lower())
            if each.transport in wanted
        ]
        return SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
        )

    async def _async_load_profile(self) -> None:
        """Take the profile that the data names, with the choices that were made."""
        self._profile = await self.hass.async_add_executor_job(
            profiles.load, self._data[CONF_PROFILE], self._data.get(CONF_PROFILE_OPTIONS, {})
        )

    async def async_step_choices(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Let the owner settle where sources disagree about the device."""
        await self._async_load_profile()
        options = self._profile.options
        if user_input is not None or not options:
            self._data[CONF_PROFILE_OPTIONS] = user_input or {}
            await self._async_load_profile()
            return await self._async_after_choices()
        made = {**self._data.get(CONF_PROFILE_OPTIONS, {}), **self._told}
        return self.async_show_form(
            step_id="choices",
            data_schema=vol.Schema(
                {
                    vol.Required(name, default=made.get(name, option.default)): one_of(
                        option.choices
                    )
                    for name, option in options.items()
                }
            ),
            description_placeholders={
                "choices": "\n".join(
                    f"- **{name}**: {option.about}{self._told_of(name)}"
                    for name, option in options.items()
                )
            },
        )

    def _told_of(self, option: str) -> str:
        return f" This device says: **{self._told[option]}**." if option in self._told else ""

    def _keeps_choices(self) -> bool:
        """Tell whether the owner left what was chosen before as it was."""
        if not self._changes:
            return False
        before = self._get_reconfigure_subentry().data.get(CONF_PROFILE_OPTIONS, {})
        return bool(before == self._data[CONF_PROFILE_OPTIONS])

    @abstractmethod
    async def _async_after_choices(self) -> SubentryFlowResult:
        """Go on with how the device is reached."""

    async def async_step_roles(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what each part of the device is used as in this home."""
        errors: dict[str, str] = {}
        if user_input is not None:
            uses = self._uses(user_input)
            if not uses:
                errors["base"] = "nothing_used"
            elif [use.role for use in uses].count(Role.GRID) + self._other_grids() > 1:
                errors["base"] = "second_grid"
            elif fault := self._grid_fault(uses, user_input):
                errors["base"] = fault
            else:
                return self._finish(user_input, uses)
        return self.async_show_form(
            step_id="roles",
            data_schema=self.add_suggested_values_to_schema(self._role_form(), user_input),
            errors=errors,
            description_placeholders={"seen": self._seen(), "limit": self._about_limit()},
        )

    def _role_form(self) -> vol.Schema:
        before = {use.part: use for use in uses_in(self._data)} if self._changes else {}
        fields: dict[Any, Any] = {vol.Required(CONF_NAME, default=self._title()): TextSelector()}
        seen = self._seen_parts() or self._parts()
        for part in self._parts():
            offered = self._offered(part)
            role = before[part].role if part in before else self._suggested(part)
            if part not in before and (self._changes or part not in seen):
                role = UNUSED
            fields[vol.Required(part.value, default=str(role))] = role_field(
                [*map(str, offered), UNUSED]
            )
        if any(Role.GRID in self._offered(part) for part in self._parts()):
            import_only = self._data.get(CONF_IMPORT_ONLY, False)
            fields[vol.Required(CONF_IMPORT_ONLY, default=import_only)] = BooleanSelector()
        if any(part in METERS for part in self._parts()):
            turned = any(use.turned for use in before.values())
            fields[vol.Required(CONF_TURNED, default=turned)] = BooleanSelector()
        rated = self._reading.flat.rated_w
        suggested = {CONF_RATED_POWER: rated} if rated else {}
        suggested |= self._data
        for limit in self._limits():
            hint = {"suggested_value": suggested[limit]} if limit in suggested else None
            fields[vol.Optional(limit, description=hint)] = whole(1, MOST_WATTS, "W")
        if CONF_POLL_SECONDS in self._data:
            seconds = self._data[CONF_POLL_SECONDS]
            fields[vol.Required(CONF_POLL_SECONDS, default=seconds)] = whole(5, 900, "s")
        if self._takes_limit:
            switched_on = self._data.get(CONF_CURRENT_LIMIT, False)
            fields[vol.Required(CONF_CURRENT_LIMIT, default=switched_on)] = BooleanSelector()
        return vol.Schema(fields)

    def _about_limit(self) -> str:
        limit = self._profile.current_limit
        return limit.about if limit else ""

    def _parts(self) -> list[Role]:
        """Return the parts that there are; of what has not spoken yet, all that it could have."""
        return self._seen_parts() or list(self._profile.roles)

    def _seen_parts(self) -> list[Role]:
        """Return the parts that have just said something, or are used already."""
        used = {use.part for use in uses_in(self._data)} if self._changes else set()
        said = {role for role, points in self._reading.parts.items() if points != NO_POINTS}
        return [
            role for role in {**self._profile.roles, **self._reading.parts} if role in used | said
        ]

    def _limits(self) -> list[str]:
        """Name the limits that the device's parts can have."""
        return sorted({limit_of(role) for part in self._parts() for role in self._offered(part)})

    def _offered(self, part: Role) -> tuple[Role, ...]:
        """Return what a part can be used as."""
        return uses_of(part, self._profile.also if part in METERS else ())

    def _grid_fault(self, uses: Iterable[Use], chosen: Mapping[str, Any]) -> str | None:
        """Tell why what is chosen as the grid meter cannot settle."""
        import_only = chosen.get(CONF_IMPORT_ONLY, False)
        faults = (
            grid_fault(use.sources(self._could_count(use.part)), import_only=import_only)
            for use in uses
            if use.role is Role.GRID
        )
        return next(faults, None)

    def _could_count(self, part: Role) -> set[str]:
        """Return the numbers of a part that there are, or may come."""
        return set(_numbers(self._reading.parts.get(part, NO_POINTS)))

    def _suggested(self, part: Role) -> Role | str:
        """Return what a part most likely is; a second meter is mostly one of some consumption."""
        offered = self._offered(part)
        if Role.GRID not in offered or not self._other_grids():
            return offered[0]
        return Role.SUB if Role.SUB in offered else UNUSED

    def _uses(self, chosen: Mapping[str, Any]) -> list[Use]:
        """Return the uses; a part whose role stays keeps its name in statements."""
        names = {
            (use.part, use.role): use.device
            for use in (uses_in(self._data) if self._changes else ())
        }
        turned = chosen.get(CONF_TURNED, False)
        uses = []
        for part in self._parts():
            if chosen[part.value] == UNUSED:
                continue
            role = Role(chosen[part.value])
            name = names.get((part, role)) or to_text(token_bytes(_NAME_SIZE))
            uses.append(Use(part, role, name, turned and part in METERS))
        return uses

    @override
    def _points(self) -> dict[str, list[str]]:
        seen = {part.value: _numbers(points) for part, points in self._reading.parts.items()}
        return {**self._data.get(CONF_POINTS, {}), **seen}

    def _title(self) -> str:
        """Return what the device calls itself, or what its profile does."""
        if self._changes:
            return self._get_reconfigure_subentry().title
        says = self._reading.flat
        words = " ".join(word for word in (says.manufacturer, says.model) if word)
        return words or self._profile.name

    def _seen(self) -> str:
        """Return what the device just said, for the owner to compare."""
        lines = []
        for part, points in self._reading.parts.items():
            shown = [f"{name} {getattr(points, name)}" for name in _numbers(points)]
            lines.append(f"- {part}: {', '.join(shown) or '-'}")
        return "\n".join(lines) or "-"


def _numbers(points: Points) -> list[str]:
    """Return the names of the numbers that there are."""
    names = {"power_w", "session_wh", "soc_percent", "frequency_hz"}
    names |= {name for role in Role for name in counters(role)}
    return sorted(name for name in names if getattr(points, name) is not None)
