from collections.abc import Iterable, Sequence

from shamir_mnemonic.share import Share

class EncryptedMasterSecret:
    @classmethod
    def from_master_secret(
        cls, master_secret: bytes, passphrase: bytes, identifier: int, extendable: bool, iteration_exponent: int
    ) -> EncryptedMasterSecret: ...

def generate_mnemonics(
    group_threshold: int,
    groups: Sequence[tuple[int, int]],
    master_secret: bytes,
    passphrase: bytes = b"",
    extendable: bool = True,
    iteration_exponent: int = 1,
) -> list[list[str]]: ...
def split_ems(
    group_threshold: int, groups: Sequence[tuple[int, int]], encrypted_master_secret: EncryptedMasterSecret
) -> list[list[Share]]: ...
def combine_mnemonics(mnemonics: Iterable[str], passphrase: bytes = b"") -> bytes: ...
