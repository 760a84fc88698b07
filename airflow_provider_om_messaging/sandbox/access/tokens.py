"""JSON Web Tokens: signed with RS256, checked in the order the server checks them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

try:
    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise ImportError(
        "the sandbox signs tokens with PyJWT and cryptography, which are missing: "
        "pip install 'airflow-provider-om-messaging[sandbox]'"
    ) from error

from airflow_provider_om_messaging.sandbox.http.errors import unauthorized, unhandled_error

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.clock import Clock
    from airflow_provider_om_messaging.sandbox.generations import Generation

ISSUER = "open-metadata.org"
KEY_ID = "om-sandbox-key"
_SCHEME = "Bearer"


class Tokens:
    """
    One signing key and everything done with it.

    :param clock: by which tokens expire.
    :param generation: which broken tokens the server trips over.
    :param pem: a private key kept from an earlier run; a new one is made without.
    """

    def __init__(self, clock: Clock, generation: Generation, pem: str | None = None) -> None:
        self._clock = clock
        self._generation = generation
        self._key = _load_key(pem) if pem else _create_key()
        self._stranger: rsa.RSAPrivateKey | None = None
        self._serial = 0

    def format_private_key(self) -> str:
        """Return the private key, to be kept with the data."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def build_jwks(self) -> dict[str, Any]:
        """Return the public key as ``/v1/system/config/jwks`` shows it."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "kid": KEY_ID,
                    "n": public["n"],
                    "e": public["e"],
                    "alg": "RS256",
                    "use": "sig",
                }
            ]
        }

    def mint(
        self,
        user: dict[str, Any],
        expires_in: float | None,
        *,
        signed_by: str = "own",
        kid: str | None = None,
    ) -> str:
        """
        Return a token.

        :param user: whom it speaks for.
        :param expires_in: seconds; negative is expired already, ``None`` never expires, as bot tokens may.
        :param signed_by: ``own``, or ``stranger`` for a key this server does not know.
        :param kid: key id in the header; the server's own if not given.
        """
        now = int(self._clock.seconds())
        self._serial += 1
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": user["name"],
            "email": user["email"],
            "isBot": bool(user.get("isBot")),
            "tokenType": "BOT" if user.get("isBot") else "PERSONAL_ACCESS",
            "iat": now,
            "jti": f"{now}-{self._serial}",
        }
        if expires_in is not None:
            claims["exp"] = int(self._clock.seconds() + expires_in)
        if signed_by == "own":
            key = self._key
        elif signed_by == "stranger":
            key = self._stranger = self._stranger or _create_key()
        else:
            raise ValueError(f"signed_by is 'own' or 'stranger', not {signed_by!r}")
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid or KEY_ID})

    def authenticate(self, authorization: str | None) -> tuple[str, str]:
        """
        Return the user a request speaks for and its token, or refuse it as the server's filter does.

        :param authorization: the request's header. The scheme is matched with its exact case.
        """
        header = (authorization or "").strip()
        # What stands behind the word is looked at only later: old servers cut off its length and one more.
        token = header[len(_SCHEME) + 1 :].strip()
        if header == _SCHEME and self._generation.broken_tokens_fail:
            raise unhandled_error("begin 7, end 6, length 6")
        if not header.startswith(_SCHEME) or not token:
            raise unauthorized("Not Authorized! Token not present")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            claims = _read_claims(token)
            subject = str(claims["sub"])
            expires = claims.get("exp")
            if expires is not None:
                expires = float(expires)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise unauthorized(self._generation.undecodable) from None
        # Expiry is looked at before the signature: the answer to an expired forgery is that it is expired.
        if expires is not None and expires <= self._clock.seconds():
            raise unauthorized("Expired token!")
        if kid != KEY_ID:
            if self._generation.unknown_keys_fail:
                raise unhandled_error(f"No key found with kid {kid!s}")
            raise unauthorized(
                f"Not Authorized! Token signing key not found in configured public keys for kid {kid!s}."
            )
        try:
            jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
            )
        except jwt.PyJWTError:
            raise unauthorized(
                "Not Authorized! Invalid token. Token verification failed. Public key mismatch."
            ) from None
        return subject, token


def _read_claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    if not isinstance(claims, dict):
        raise TypeError("claims are an object")
    return claims


def _create_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _load_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the signing key is no RSA key")
    return key
