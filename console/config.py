"""Settings: one frozen object, read once from the environment. Every limit of the console has its name here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from console.errors import ConfigurationError

BUILT_IN_TOOLS = (
    "console.tools.internal_note:InternalNote",
    "console.shop.tools",
)


class Settings(BaseSettings):
    """What a deployment decides. `Settings.from_env()` reads `CONSOLE_<NAME>`; a keyword overrides it."""

    model_config = SettingsConfigDict(
        env_prefix="CONSOLE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    environment: Literal["development", "production"] = "development"
    brand: str = "Cairnloop Console"
    timezone: str = "UTC"

    database_url: str = Field(default="", repr=False)
    """PostgreSQL URL; empty means the embedded server under `var`."""
    session_database_url: str = Field(default="", repr=False)
    """A URL with real sessions for LISTEN and locks, where `database_url` is a transaction-pooling proxy."""
    redis_url: str = Field(default="", repr=False)
    """Redis or Valkey URL; empty means the embedded server under `var`."""
    database_pool: int = Field(default=10, ge=1)
    """Connections kept open a web process, and pages made at once there; as many again for a moment under load."""
    secret_key: str = Field(default="", repr=False)

    bind: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    var: Path = Path("var")
    web_processes: int = Field(default=2, ge=1)
    workers: int = Field(default=2, ge=1)
    trusted_proxies: int = Field(default=0, ge=0)
    """How many proxies in front may set X-Forwarded-* (0: none is believed)."""

    policy: Path | None = None
    """A policy.toml; without one the table of the specification is in force."""
    tools: Annotated[tuple[str, ...], NoDecode] = BUILT_IN_TOOLS
    """Import strings, `module:Class` or a module with a `TOOLS` list."""
    carrier_url: str = ""
    """Where `notify_carrier` posts; empty: the tool refuses with a sentence."""

    channel: str = ""
    """How follow-ups leave: smtp, webhook or log; empty: sending is refused with a sentence."""
    channel_ca_file: Path | None = None
    """Certificates of an authority of one's own, believed beside the system's."""

    smtp_host: str = ""
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    """None: the usual port of the chosen security."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: str = Field(default="", repr=False)
    smtp_from: str = ""
    smtp_reply_to: str = ""
    smtp_unsubscribe: str = ""
    """An https: or mailto: address for List-Unsubscribe; `{key}` in it becomes the delivery's key."""
    smtp_timeout_seconds: float = Field(default=30, gt=0)
    """For each answer of the mail server."""

    webhook_url: str = Field(default="", repr=False)
    webhook_secret: str = Field(default="", repr=False)
    webhook_allow_private: bool = False
    webhook_timeout_seconds: float = Field(default=10, gt=0)
    """For the whole exchange, however slowly the receiver answers."""

    max_batch_size: int = Field(default=25, ge=1)
    """Conversations that one bulk send may be asked for."""
    undo_seconds: int = Field(default=10, ge=0)
    """How long a confirmed bulk send can be undone before its first message leaves."""
    preview_seconds: int = Field(default=900, ge=1)
    """How long what was previewed may be confirmed."""
    max_schedule_days: int = Field(default=90, ge=1)
    delivery_retry_seconds: Annotated[tuple[int, ...], NoDecode] = (30, 120, 600)
    """Pauses before further attempts after a temporary failure; with the last one used up, a delivery has failed."""

    page_size: int = Field(default=50, ge=1, le=500)
    timeline_size: int = Field(default=200, ge=1)
    """Entries of a conversation shown at once; older ones are one click away."""
    max_message_chars: int = Field(default=20_000, ge=1)
    max_reason_chars: int = Field(default=2_000, ge=1, le=2_000)
    max_body_bytes: int = Field(default=1_000_000, ge=10_000)
    max_search_chars: int = Field(default=200, ge=1)
    max_selection: int = Field(default=200, ge=1)
    """Conversations that are assigned or resolved at once, and actions that an admin ends at once."""
    max_defer_days: int = Field(default=90, ge=1)
    """How far away the day may be at which a deferred action comes back."""

    login_limit: str = "10 per minute; 50 per hour"
    session_hours: int = Field(default=24 * 14, ge=1)
    link_hours: int = Field(default=72, ge=1)
    """How long a link to choose a password is good for."""

    oidc_issuer: str = ""
    """The identity provider, exactly as it names itself; empty: sign-in with email and password alone."""
    oidc_client_id: str = ""
    oidc_client_secret: str = Field(default="", repr=False)
    oidc_button: str = "Sign in with your company account"

    job_timeout_seconds: int = Field(default=300, ge=1)
    """After this long a work-horse is killed, whatever the tool's own time-out says."""
    retry_backoff_seconds: Annotated[tuple[int, ...], NoDecode] = (2, 10)
    """Pause before the second and the third attempt of an execution."""
    sweep_grace_seconds: int = Field(default=10, ge=1)
    sweep_batch: int = Field(default=500, ge=1)

    @field_validator("tools", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("retry_backoff_seconds", "delivery_retry_seconds", mode="before")
    @classmethod
    def _split_seconds(cls, value: object) -> object:
        return tuple(int(part) for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("database_url", "session_database_url")
    @classmethod
    def _psycopg_url(cls, value: str) -> str:
        """Accept the URL forms that hosts hand out; SQLAlchemy wants the driver's name in it."""
        for prefix in ("postgres://", "postgresql://"):
            if value.startswith(prefix):
                return "postgresql+psycopg://" + value.removeprefix(prefix)
        if value and not value.startswith("postgresql+psycopg://"):
            raise ValueError("must begin with postgresql://, since no other database will do")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone known here; one is Europe/Berlin") from None
        return value

    @field_validator("login_limit")
    @classmethod
    def _readable_limit(cls, value: str) -> str:
        """A limit that cannot be read would be none at all."""
        from limits import parse_many

        try:
            parse_many(value)
        except ValueError:
            raise ValueError("is no limit; one is: 10 per minute; 50 per hour") from None
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _secure_issuer(cls, value: str) -> str:
        if value and not is_secure(value):
            raise ValueError("must begin with https://; http:// is for a provider on this machine")
        return value

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError(
                "CONSOLE_OIDC_ISSUER needs CONSOLE_OIDC_CLIENT_ID and CONSOLE_OIDC_CLIENT_SECRET beside it"
            )
        return self

    @model_validator(mode="after")
    def _production_is_safe(self) -> Self:
        if self.environment == "production" and len(self.secret_key) < 32:
            raise ValueError("CONSOLE_SECRET_KEY must be set to at least 32 characters in production")
        return self

    @property
    def lock_database_url(self) -> str:
        """The URL for LISTEN and advisory locks, which need a session that stays theirs."""
        return self.session_database_url or self.database_url

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @classmethod
    def from_env(cls, **overrides: object) -> Settings:
        """Read the environment.

        Raises ConfigurationError with one sentence that names the setting, never its value.
        """
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = "".join(f"CONSOLE_{part!s}".upper() for part in first["loc"][:1])
            raise ConfigurationError(
                f"{name or 'The settings'}: {first['msg'].removeprefix('Value error, ')}."
            ) from error


def is_secure(address: str) -> bool:
    """Whether nobody on the way can read or change what an address is asked: TLS, or no way at all."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or local)
