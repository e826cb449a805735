"""What a configuration file may say: one model for each section, checked when it is read.

`docs/configuration.md` is this page for operators; a test keeps the two in step.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from botkit.config.origin import Origin
from botkit.errors import ConfigError, StrategyError
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.risk.scope import ScopePolicy
from botkit.strategy.params import Params, read_params
from botkit.venues.address import Address
from botkit.venues.secret_sources import SOURCES

__all__ = [
    "EMULATOR",
    "REGIONS",
    "BotSettings",
    "InstrumentSettings",
    "KeySettings",
    "LogSettings",
    "RiskSettings",
    "Settings",
    "StrategySettings",
    "VenueSettings",
    "is_reference",
]

EMULATOR: Final = "emulator"
REGIONS: Final = ("global", "eea", "us")
P = TypeVar("P", bound=Params)

_ACCOUNT: Final = re.compile(rf"{EMULATOR}:(?P<label>.+)")


def is_reference(text: str) -> bool:
    """Tell whether `text` says where a secret is, rather than being one."""
    scheme, _, name = text.partition(":")
    return scheme in SOURCES and bool(name)


def _matching(pattern: str, expected: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


def _no_truth(value: object) -> object:
    # Python counts true as 1; nobody who writes `max_open_orders = true` means that.
    if isinstance(value, bool):
        raise ValueError("should be a number")  # noqa: TRY004  # what pydantic reports
    return value


def _as_float(value: object) -> object:
    match value:
        case Decimal():
            return float(value)
        case list():
            return [_as_float(item) for item in value]
        case dict():
            return {key: _as_float(item) for key, item in value.items()}
        case _:
            return value


def _address(text: str) -> str:
    if text == EMULATOR or text in REGIONS or _is_on_this_machine(text):
        return text
    raise ValueError(
        f"should be {EMULATOR}, a region ({', '.join(REGIONS)}), or the URL of an emulator on this machine"
    )


def _is_on_this_machine(url: str) -> bool:
    try:
        return Address.parse(url).is_loopback
    except ConfigError:
        return False


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError(
            "should be a reference to a secret and not a secret: "
            + ", ".join(f"{scheme}:…" for scheme in SOURCES)
        )
    return text


_NAME_RULE: Final = "should be at most 32 lower-case letters, digits, - and _, a letter first"
_PREFIX_RULE: Final = "should be 1 to 4 letters and digits, a letter first"

Name = Annotated[str, _matching(r"[a-z][a-z0-9_-]{0,31}", _NAME_RULE)]
Prefix = Annotated[str, _matching(r"[A-Za-z][A-Za-z0-9]{0,3}", _PREFIX_RULE)]
EmulatorAccount = Annotated[str, _matching(_ACCOUNT.pattern, f"should be {EMULATOR}: and an account's label")]
Reference = Annotated[str, AfterValidator(_reference)]
Count = Annotated[int, BeforeValidator(_no_truth), Field(ge=1, le=1000)]
Measure = Annotated[float, BeforeValidator(_no_truth), Field(gt=0)]
Money = Annotated[Decimal, BeforeValidator(_no_truth), Field(gt=0)]


class _Section(BaseModel):
    """A table of the file: its keys are known, and it is not changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BotSettings(_Section):
    """Who this bot is and where it keeps what it must not forget.

    Attributes:
        name: The journal and the log are kept under this name; one process at a time may use it.
        state: Folder for journal, lock, log and heartbeat; relative to the working directory.
        order_prefix: First letters of every client order id; the name, made short, follows.

    """

    name: Name
    state: Path = Path("state")
    order_prefix: Prefix = "bk"

    @property
    def folder(self) -> Path:
        """Return where this bot's own files are."""
        return self.state / self.name


class VenueSettings(_Section):
    """Where orders go and market data comes from.

    Attributes:
        name: The venue's kind.
        address: `emulator`, the one running in this folder; the URL of one on this machine; or
            the region whose site the account was opened at: `global`, `eea` or `us`.
        environment: `live` or `demo`, to be said whenever `address` is a region.

    """

    name: Literal["okx"] = "okx"
    address: Annotated[str, AfterValidator(_address)]
    environment: Literal["live", "demo"] | None = None

    @property
    def region(self) -> str:
        """Return the region, empty if the venue is an emulator."""
        return self.address if self.address in REGIONS else ""

    @model_validator(mode="after")
    def _say_whose_money(self) -> VenueSettings:
        if self.region and self.environment is None:
            raise ValueError('should say environment = "demo" or "live": real money is never assumed')
        return self


class KeySettings(_Section):
    """Which API key is used, by reference, and which exceptions to its scope are asked for.

    Attributes:
        account: `emulator:LABEL`, an account that the emulator was started with; used at an
            emulator only, and there before the other three.
        key: Where the API key is: `env:NAME`, `file:PATH` or `cred:NAME`.
        secret: Where its secret is.
        passphrase: Where its passphrase is.
        allow_unbound_ip: Accept a key that works from any address.
        allow_master_account: Accept a key of a master account.
        allow_lead_trader: Accept an account whose trades others copy.
        expect_uid: Refuse any other account.
        expect_label: Refuse a key with another label.

    """

    account: EmulatorAccount | None = None
    key: Reference | None = None
    secret: Reference | None = None
    passphrase: Reference | None = None
    allow_unbound_ip: bool = False
    allow_master_account: bool = False
    allow_lead_trader: bool = False
    expect_uid: str = ""
    expect_label: str = ""

    @property
    def emulator_label(self) -> str:
        """Return which account of an emulator is meant, empty if none is."""
        found = _ACCOUNT.fullmatch(self.account or "")
        return found["label"] if found else ""

    def policy(self) -> ScopePolicy:
        """Return what the scope check may excuse, and what it should expect."""
        return ScopePolicy(
            allow_unbound_ip=self.allow_unbound_ip,
            allow_master_account=self.allow_master_account,
            allow_lead_trader=self.allow_lead_trader,
            expect_uid=self.expect_uid,
            expect_label=self.expect_label,
        )

    @property
    def is_of_a_venue(self) -> bool:
        """Tell whether key, secret and passphrase are named."""
        return self.key is not None

    @model_validator(mode="after")
    def _name_a_key(self) -> KeySettings:
        parts = {"key": self.key, "secret": self.secret, "passphrase": self.passphrase}
        missing = [name for name, reference in parts.items() if reference is None]
        if 0 < len(missing) < len(parts):
            raise ValueError(f"should also name {' and '.join(missing)}")
        if missing and self.account is None:
            raise ValueError("should name account, or key, secret and passphrase")
        return self


class InstrumentSettings(_Section):
    """What one instrument may be traded for.

    Attributes:
        max_order_size: Largest order, in base currency.
        max_order_value: Largest order, in quote currency, at its worst price.
        max_position_value: Largest position, in quote currency, if every working order filled.

    """

    max_order_size: Money
    max_order_value: Money
    max_position_value: Money


class RiskSettings(_Section):
    """What the account may be traded for.

    Attributes:
        instruments: The allow-list: what has no section here is not traded.
        max_open_orders: Most orders working at once.
        max_orders_per_s: New and amended orders of one strategy in any second.
        price_collar_bps: How far from the reference price an order may be priced, in 1/10,000.
        max_data_age_s: How old the reference price may be, in seconds.

    """

    instruments: dict[str, InstrumentSettings] = Field(min_length=1)
    max_open_orders: Count = 20
    max_orders_per_s: Count = 5
    price_collar_bps: Annotated[Measure, Field(le=10_000)] = 200.0
    max_data_age_s: Annotated[Measure, Field(le=3600)] = 5.0

    def limits(self) -> RiskLimits:
        """Return what the risk gate enforces."""
        return RiskLimits(
            instruments={
                symbol: InstrumentLimits(
                    max_order_size=limits.max_order_size,
                    max_order_value=limits.max_order_value,
                    max_position_value=limits.max_position_value,
                )
                for symbol, limits in self.instruments.items()
            },
            max_open_orders=self.max_open_orders,
            max_orders_per_s=self.max_orders_per_s,
            price_collar_bps=self.price_collar_bps,
            max_data_age_s=self.max_data_age_s,
        )


class StrategySettings(_Section):
    """A strategy to run, under the name of its section.

    Attributes:
        use: Its file, dotted name or entry point.
        on_stop: What becomes of its working orders when the bot stops: `cancel` or `leave`.
        params: Its parameters, checked by the strategy itself.

    """

    use: Annotated[str, Field(min_length=1)]
    on_stop: Literal["cancel", "leave"] = "cancel"
    params: dict[str, object] = {}

    @field_validator("params", mode="after")
    @classmethod
    def _with_floats(cls, params: dict[str, object]) -> dict[str, object]:
        # The file is read with exact decimals for money; a strategy's numbers are the market's.
        return {name: _as_float(value) for name, value in params.items()}


class LogSettings(_Section):
    """What is written down for people.

    Attributes:
        level: The least serious that is written: `debug`, `info`, `warning` or `error`.
        console: How it looks on stderr: `text`, which on a terminal is the dashboard, `json` or `none`.
        file: Whether it is also kept, as JSON lines, in the bot's folder.

    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    console: Literal["text", "json", "none"] = "text"
    file: bool = True


class Settings(_Section):
    """A whole configuration.

    Build one from text with `read_settings`, from a file with `load_settings`.
    Made by hand it is as good, but `where` has no lines to tell.
    """

    bot: BotSettings
    venue: VenueSettings
    key: KeySettings
    risk: RiskSettings
    strategy: dict[Name, StrategySettings] = Field(min_length=1)
    log: LogSettings = LogSettings()

    _origin: Origin = PrivateAttr(default_factory=Origin)

    def where(self, *path: str | int) -> str:
        """Return where the setting at `path` was written, for an error's text."""
        return self._origin.where(path)

    def params_of(self, name: str, kind: type[P]) -> P:
        """Return the parameters of the strategy that is run under `name`.

        Args:
            name: The strategy's section.
            kind: Its `Params`.

        Raises:
            StrategyError: If one of them is not what the strategy takes; it names the line.

        """
        try:
            return read_params(kind, self.strategy[name].params)
        except StrategyError as error:
            cause = error.__cause__
            wrong = cause.errors()[0]["loc"] if isinstance(cause, ValidationError) else ()
            where = self.where("strategy", name, "params", *wrong)
            raise StrategyError(error.problem, remedy=error.remedy, where=where) from error

    @model_validator(mode="after")
    def _keep_fake_keys_at_home(self) -> Settings:
        if self.venue.region and not self.key.is_of_a_venue:
            raise ValueError(
                "key.account is of an emulator; for "
                f"venue.address = {self.venue.region!r} key, secret and passphrase are needed"
            )
        return self
