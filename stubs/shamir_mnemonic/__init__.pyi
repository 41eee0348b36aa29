"""The part of shamir_mnemonic that Trucewatch calls; the package ships no types that a checker may read."""

from shamir_mnemonic.shamir import EncryptedMasterSecret as EncryptedMasterSecret
from shamir_mnemonic.shamir import combine_mnemonics as combine_mnemonics
from shamir_mnemonic.shamir import generate_mnemonics as generate_mnemonics
from shamir_mnemonic.shamir import split_ems as split_ems
from shamir_mnemonic.share import Share as Share
from shamir_mnemonic.utils import MnemonicError as MnemonicError
