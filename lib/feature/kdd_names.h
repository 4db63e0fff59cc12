/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_names.h - the kdd view's columns and categories by name.
 */
#ifndef FEATURE_KDD_NAMES_H
#define FEATURE_KDD_NAMES_H

/** Columns of the kdd view. */
enum kdd_column {
#define KDD31(pos, name, ...) KDD_##name,
#define KDD(name, ...)        KDD_##name,
#include "feature/kdd.def"
#undef KDD31
#undef KDD
    N_KDD
};

#define KDD_PROTOCOL_LIST(X)                                                           \
    X(TCP, "tcp")                                                                      \
    X(UDP, "udp")                                                                      \
    X(ICMP, "icmp")

enum kdd_protocol {
#define KDD_PROTOCOL_ENUM(name, text) KDD_PROTOCOL_##name,
    KDD_PROTOCOL_LIST(KDD_PROTOCOL_ENUM)
#undef KDD_PROTOCOL_ENUM
        N_KDD_PROTOCOLS
};

/** Codes of the services. */
enum kdd_service {
#define KDD_TCP(name, port) KDD_SERVICE_##name,
#define KDD_UDP(name, port) KDD_SERVICE_##name,
#define KDD_NO_PORT(name)   KDD_SERVICE_##name,
#include "feature/kdd_service.def"
#undef KDD_TCP
#undef KDD_UDP
#undef KDD_NO_PORT
    N_KDD_SERVICES
};

/** Flags that the data set knows: name, and the kind of error they stand for in the
 *  rates.  In the data set a lone S0, S1, S2, S3 or SH has serror_rate 1, a lone REJ,
 *  RSTO, RSTR or RSTOS0 has rerror_rate 1, OTH has neither. */
#define KDD_FLAG_LIST(X)                                                               \
    X(SF, KDD_ERROR_NONE)                                                              \
    X(S0, KDD_ERROR_SYN)                                                               \
    X(REJ, KDD_ERROR_REJ)                                                              \
    X(RSTR, KDD_ERROR_REJ)                                                             \
    X(RSTO, KDD_ERROR_REJ)                                                             \
    X(SH, KDD_ERROR_SYN)                                                               \
    X(S1, KDD_ERROR_SYN)                                                               \
    X(S2, KDD_ERROR_SYN)                                                               \
    X(RSTOS0, KDD_ERROR_REJ)                                                           \
    X(S3, KDD_ERROR_SYN)                                                               \
    X(OTH, KDD_ERROR_NONE)

enum kdd_error { KDD_ERROR_NONE, KDD_ERROR_SYN, KDD_ERROR_REJ };

enum kdd_flag {
#define KDD_FLAG_ENUM(name, error) KDD_FLAG_##name,
    KDD_FLAG_LIST(KDD_FLAG_ENUM)
#undef KDD_FLAG_ENUM
        N_KDD_FLAGS
};

#endif /* FEATURE_KDD_NAMES_H */
