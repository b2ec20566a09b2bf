"""What a person does in Home Assistant's pages, done through its API."""

from typing import Any

from aiohttp import ClientError, ClientSession, FormData

from street.errors import DemoError


class HomeAssistantApi:
    """One Home Assistant, as its first user."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    async def answers(self, door_sign: str) -> bool:
        """Tell whether the home of this door sign is up so far that one can move in."""
        try:
            async with (
                self._session.get(f"{self._url}/local/{door_sign}") as shown,
                self._session.get(f"{self._url}/api/onboarding") as onboarding,
            ):
                return shown.ok and onboarding.ok
        except ClientError:
            return False

    async def move_in(self, username: str, password: str) -> None:
        """Make the owner's account and log in."""
        client = f"{self._url}/"
        onboarded = await self._post(
            "/api/onboarding/users",
            {
                "client_id": client,
                "name": username.capitalize(),
                "username": username,
                "password": password,
                "language": "en",
            },
        )
        code = {"grant_type": "authorization_code", "code": onboarded["auth_code"]}
        form = FormData({**code, "client_id": client})
        token = (await self._post("/auth/token", form))["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    async def add_integration(self, domain: str, *answers: dict[str, str]) -> str:
        """Answer a config flow's forms in turn; return the entry, which must be loaded."""
        flows = "/api/config/config_entries/flow"
        result = await self._post(flows, {"handler": domain})
        for answer in answers:
            if result["type"] == "form" and not result["errors"]:
                result = await self._post(f"{flows}/{result['flow_id']}", answer)
        if result["type"] != "create_entry":
            refused = result.get("errors") or result.get("reason")
            raise DemoError(f"The integration was not added: {refused}.")
        entry: dict[str, Any] = result["result"]
        if entry["state"] != "loaded":
            raise DemoError(f"The integration is not loaded but {entry['state']}.")
        return str(entry["entry_id"])

    async def _post(self, path: str, body: dict[str, str] | FormData) -> dict[str, Any]:
        data, json = (body, None) if isinstance(body, FormData) else (None, body)
        try:
            async with self._session.post(
                f"{self._url}{path}", data=data, json=json, headers=self._headers
            ) as response:
                response.raise_for_status()
                answer: dict[str, Any] = await response.json()
                return answer
        except ClientError as error:
            raise DemoError(f"Home Assistant did not take {path}: {error}.") from error
