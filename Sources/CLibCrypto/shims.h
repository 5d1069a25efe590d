// libcrypto (OpenSSL 3): only what Cryptography uses. No logic.
#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
