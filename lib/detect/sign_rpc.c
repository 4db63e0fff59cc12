/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which remote procedure calls mean what.
 *
 * MITRE's BZAR (github.com/mitre-attack/bzar) lists the calls of Windows' interfaces
 * that are techniques of ATT&CK; the table has those of them that other uses are rare
 * for, and calls of attacks that came later: PrintNightmare and the printer bug
 * (MS-RPRN 65, 89), PetitPotam (MS-EFSR), Zerologon (MS-NRPC 30, and many challenges).
 *
 * A call is found by the header of DCE 1.1 RPC (C706, 12.6.4), wherever it begins in a
 * connection, so that it does not matter whether it is carried by TCP or in a pipe of
 * SMB:
 *
 *      0   5, then 0 or 1: the version
 *      2   type: 0 request, 11 bind, 14 alter
 *      3   flags
 *      4   16, 0, 0, 0: little-endian
 *     22   of a request: number of the call (2)
 *     24   of a request: what the call is given
 *     32   of a bind: interface (16)
 *
 * What is encrypted by SMB is not seen.  A later bind of another pipe in the same
 * connection is taken for that of all calls after it.
 */
#include "detect/sign_said.h"

#include <string.h>

enum { BIND = 11, ALTER = 14, REQUEST = 0, ANY_CALL = 0xffff };

enum interface {
    OTHER,
    SVCCTL,
    ATSVC,
    TASKS,
    DRSUAPI,
    SAMR,
    LSARPC,
    WINREG,
    SRVSVC,
    WKSSVC,
    SPOOLSS,
    WINSPOOL,
    EFS_LSA,
    EFS,
    NETLOGON,
    BACKUPKEY,
    EVENTLOG,
    EVENT_SERVICE,
    SECLOGON,
    SHUTDOWN,
    EPM,
    ACTIVATOR,
    ACTIVATION,
    WBEM,
    DISPATCH,
    DFS,
    FILE_SHADOW,
    TERMINALS,
    N_INTERFACES
};

/* As on the wire: the first three parts little-endian. */
static const uint8_t uuids[N_INTERFACES][16] = {
    [SVCCTL] = {0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0,
                0x38, 0x00, 0x10, 0x03},
    [ATSVC] = {0x82, 0x06, 0xf7, 0x1f, 0x51, 0x0a, 0xe8, 0x30, 0x07, 0x6d, 0x74, 0x0b,
               0xe8, 0xce, 0xe9, 0x8b},
    [TASKS] = {0x49, 0x59, 0xd3, 0x86, 0xc9, 0x83, 0x44, 0x40, 0xb4, 0x24, 0xdb, 0x36,
               0x32, 0x31, 0xfd, 0x0c},
    [DRSUAPI] = {0x35, 0x42, 0x51, 0xe3, 0x06, 0x4b, 0xd1, 0x11, 0xab, 0x04, 0x00, 0xc0,
                 0x4f, 0xc2, 0xdc, 0xd2},
    [SAMR] = {0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23,
              0x45, 0x67, 0x89, 0xac},
    [LSARPC] = {0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23,
                0x45, 0x67, 0x89, 0xab},
    [WINREG] = {0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00,
                0x38, 0x00, 0x10, 0x03},
    [SRVSVC] = {0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47,
                0xbf, 0x6e, 0xe1, 0x88},
    [WKSSVC] = {0x98, 0xd0, 0xff, 0x6b, 0x12, 0xa1, 0x10, 0x36, 0x98, 0x33, 0x46, 0xc3,
                0xf8, 0x7e, 0x34, 0x5a},
    [SPOOLSS] = {0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23,
                 0x45, 0x67, 0x89, 0xab},
    [WINSPOOL] = {0x96, 0x3f, 0xf0, 0x76, 0xfd, 0xcd, 0xfc, 0x44, 0xa2, 0x2c, 0x64,
                  0x95, 0x0a, 0x00, 0x12, 0x09},
    [EFS_LSA] = {0x88, 0xd4, 0x81, 0xc6, 0x50, 0xd8, 0xd0, 0x11, 0x8c, 0x52, 0x00, 0xc0,
                 0x4f, 0xd9, 0x0f, 0x7e},
    [EFS] = {0xc5, 0x41, 0x19, 0xdf, 0x89, 0xfe, 0x79, 0x4e, 0xbf, 0x10, 0x46, 0x36,
             0x57, 0xac, 0xf4, 0x4d},
    [NETLOGON] = {0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01,
                  0x23, 0x45, 0x67, 0xcf, 0xfb},
    [BACKUPKEY] = {0x30, 0x7c, 0xde, 0x3d, 0x5d, 0x16, 0xd1, 0x11, 0xab, 0x8f, 0x00,
                   0x80, 0x5f, 0x14, 0xdb, 0x40},
    [EVENTLOG] = {0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82,
                  0x79, 0x29, 0xdc, 0x23, 0xea},
    [EVENT_SERVICE] = {0xf7, 0xaf, 0xbe, 0xf6, 0x19, 0x1e, 0xbb, 0x4f, 0x9f, 0x8f, 0xb8,
                       0x9e, 0x20, 0x18, 0x33, 0x7c},
    [SECLOGON] = {0x99, 0x1e, 0xb8, 0x12, 0x07, 0xf2, 0x4c, 0x4a, 0x85, 0xd3, 0x77,
                  0xb4, 0x2f, 0x76, 0xfd, 0x14},
    [SHUTDOWN] = {0xc0, 0xe0, 0x4d, 0x89, 0x55, 0x0d, 0xd3, 0x11, 0xa3, 0x22, 0x00,
                  0xc0, 0x4f, 0xa3, 0x21, 0xa1},
    [EPM] = {0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00,
             0x2b, 0x14, 0xa0, 0xfa},
    [ACTIVATOR] = {0xa0, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00,
                   0x00, 0x00, 0x00, 0x00, 0x46},
    [ACTIVATION] = {0xb8, 0x4a, 0x9f, 0x4d, 0x1c, 0x7d, 0xcf, 0x11, 0x86, 0x1e, 0x00,
                    0x20, 0xaf, 0x6e, 0x7c, 0x57},
    [DISPATCH] = {0x00, 0x04, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00,
                  0x00, 0x00, 0x00, 0x00, 0x46},
    [DFS] = {0xe0, 0x42, 0xc7, 0x4f, 0x10, 0x4a, 0xcf, 0x11, 0x82, 0x73, 0x00, 0xaa,
             0x00, 0x4a, 0xe6, 0x73},
    [FILE_SHADOW] = {0x3c, 0x65, 0xe0, 0xa8, 0x44, 0x27, 0x89, 0x43, 0xa6, 0x1d, 0x73,
                     0x73, 0xdf, 0x8b, 0x22, 0x92},
    [TERMINALS] = {0xd0, 0x3f, 0x14, 0x88, 0x8d, 0xc2, 0x2b, 0x4b, 0x8f, 0xef, 0x8d,
                   0x88, 0x2f, 0x6a, 0x93, 0x90},
    [WBEM] = {0x99, 0xdc, 0x56, 0x95, 0x8c, 0x82, 0xcf, 0x11, 0xa3, 0x7e, 0x00, 0xaa,
              0x00, 0x32, 0x40, 0xc7},
};

static const struct {
    uint8_t interface;
    uint16_t call;
    uint8_t said;
} calls[] = {
    {SVCCTL, 11, SIGN_SAID_RPC_RUN},    /* ChangeServiceConfigW */
    {SVCCTL, 12, SIGN_SAID_RPC_RUN},    /* CreateServiceW */
    {SVCCTL, 19, SIGN_SAID_RPC_RUN},    /* StartServiceW */
    {SVCCTL, 24, SIGN_SAID_RPC_RUN},    /* CreateServiceA */
    {SVCCTL, 31, SIGN_SAID_RPC_RUN},    /* StartServiceA */
    {SVCCTL, 44, SIGN_SAID_RPC_RUN},    /* CreateServiceWOW64A */
    {SVCCTL, 45, SIGN_SAID_RPC_RUN},    /* CreateServiceWOW64W */
    {ATSVC, 0, SIGN_SAID_RPC_RUN},      /* NetrJobAdd */
    {TASKS, 1, SIGN_SAID_RPC_RUN},      /* SchRpcRegisterTask */
    {TASKS, 12, SIGN_SAID_RPC_RUN},     /* SchRpcRun */
    {TASKS, 19, SIGN_SAID_RPC_RUN},     /* SchRpcEnableTask */
    {ACTIVATOR, 4, SIGN_SAID_RPC_RUN},  /* RemoteCreateInstance */
    {ACTIVATOR, 3, SIGN_SAID_RPC_RUN},  /* RemoteGetClassObject */
    {ACTIVATION, 0, SIGN_SAID_RPC_RUN}, /* RemoteActivation */
    {DISPATCH, 6, SIGN_SAID_RPC_RUN},   /* Invoke */
    {WINREG, 6, SIGN_SAID_RPC_RUN},     /* BaseRegCreateKey */
    {WINREG, 22, SIGN_SAID_RPC_RUN},    /* BaseRegSetValue */
    {WINREG, 24, SIGN_SAID_RPC_RUN},    /* BaseInitiateSystemShutdown */
    {WINREG, 30, SIGN_SAID_RPC_RUN},    /* BaseInitiateSystemShutdownEx */
    {WBEM, 24, SIGN_SAID_RPC_RUN},      /* ExecMethod */
    {WBEM, 25, SIGN_SAID_RPC_RUN},      /* ExecMethodAsync */
    {SECLOGON, ANY_CALL, SIGN_SAID_RPC_RUN},
    {SHUTDOWN, ANY_CALL, SIGN_SAID_RPC_RUN},
    {SPOOLSS, 89, SIGN_SAID_RPC_RUN},          /* AddPrinterDriverEx */
    {WINSPOOL, 39, SIGN_SAID_RPC_RUN},         /* AsyncAddPrinterDriver */
    {SPOOLSS, 65, SIGN_SAID_RPC_FORCED_LOGIN}, /* RemoteFindFirst...NotificationEx */
    {SPOOLSS, 62, SIGN_SAID_RPC_FORCED_LOGIN}, /* RemoteFindFirst...Notification */
    {DFS, 12, SIGN_SAID_RPC_FORCED_LOGIN},     /* NetrDfsAddStdRoot */
    {DFS, 13, SIGN_SAID_RPC_FORCED_LOGIN},     /* NetrDfsRemoveStdRoot */
    {FILE_SHADOW, ANY_CALL, SIGN_SAID_RPC_FORCED_LOGIN},
    {EVENTLOG, 9, SIGN_SAID_RPC_FORCED_LOGIN}, /* ElfrOpenBELW */
    {EFS_LSA, ANY_CALL, SIGN_SAID_RPC_FORCED_LOGIN},
    {EFS, ANY_CALL, SIGN_SAID_RPC_FORCED_LOGIN},
    {DRSUAPI, 2, SIGN_SAID_RPC_SECRETS}, /* DRSReplicaSync */
    {DRSUAPI, 3, SIGN_SAID_RPC_SECRETS}, /* DRSGetNCChanges */
    {DRSUAPI, 5, SIGN_SAID_RPC_SECRETS}, /* DRSReplicaAdd */
    {DRSUAPI, 6, SIGN_SAID_RPC_SECRETS}, /* DRSReplicaDel */
    {LSARPC, 42, SIGN_SAID_RPC_SECRETS}, /* LsarStorePrivateData */
    {LSARPC, 43, SIGN_SAID_RPC_SECRETS}, /* LsarRetrievePrivateData */
    {BACKUPKEY, ANY_CALL, SIGN_SAID_RPC_SECRETS},
    {NETLOGON, 30, SIGN_SAID_RPC_SECRETS},  /* NetrServerPasswordSet2 */
    {SAMR, 22, SIGN_SAID_RPC_SECRETS},      /* SamrAddMemberToGroup */
    {SAMR, 31, SIGN_SAID_RPC_SECRETS},      /* SamrAddMemberToAlias */
    {SAMR, 50, SIGN_SAID_RPC_SECRETS},      /* SamrCreateUser2InDomain */
    {SAMR, 37, SIGN_SAID_RPC_SECRETS},      /* SamrSetInformationUser */
    {SAMR, 58, SIGN_SAID_RPC_SECRETS},      /* SamrSetInformationUser2 */
    {WINREG, 20, SIGN_SAID_RPC_SECRETS},    /* BaseRegSaveKey */
    {WINREG, 31, SIGN_SAID_RPC_SECRETS},    /* BaseRegSaveKeyEx */
    {EVENTLOG, 0, SIGN_SAID_RPC_LOGS},      /* ElfrClearELFW */
    {EVENTLOG, 12, SIGN_SAID_RPC_LOGS},     /* ElfrClearELFA */
    {EVENT_SERVICE, 6, SIGN_SAID_RPC_LOGS}, /* EvtRpcClearLog */
    {SAMR, 13, SIGN_SAID_RPC_LOOK},         /* SamrEnumerateUsersInDomain */
    {SAMR, 15, SIGN_SAID_RPC_LOOK},         /* SamrEnumerateAliasesInDomain */
    {SAMR, 17, SIGN_SAID_RPC_LOOK},         /* SamrLookupNamesInDomain */
    {SAMR, 25, SIGN_SAID_RPC_LOOK},         /* SamrGetMembersInGroup */
    {SAMR, 33, SIGN_SAID_RPC_LOOK},         /* SamrGetMembersInAlias */
    {SAMR, 40, SIGN_SAID_RPC_LOOK},         /* SamrQueryDisplayInformation */
    {SAMR, 48, SIGN_SAID_RPC_LOOK},         /* ... 2 */
    {SAMR, 51, SIGN_SAID_RPC_LOOK},         /* ... 3 */
    {WINREG, 9, SIGN_SAID_RPC_LOOK},        /* BaseRegEnumKey */
    {SVCCTL, 14, SIGN_SAID_RPC_LOOK},       /* EnumServicesStatusW */
    {SVCCTL, 42, SIGN_SAID_RPC_LOOK},       /* EnumServicesStatusExW */
    {LSARPC, 11, SIGN_SAID_RPC_LOOK},       /* LsarEnumerateAccounts */
    {LSARPC, 35, SIGN_SAID_RPC_LOOK},       /* ...WithUserRight */
    {TERMINALS, ANY_CALL, SIGN_SAID_RPC_LOOK},
    {SRVSVC, 8, SIGN_SAID_RPC_LOOK},  /* NetrConnectionEnum */
    {SRVSVC, 9, SIGN_SAID_RPC_LOOK},  /* NetrFileEnum */
    {SRVSVC, 12, SIGN_SAID_RPC_LOOK}, /* NetrSessionEnum */
    {SRVSVC, 15, SIGN_SAID_RPC_LOOK}, /* NetrShareEnum */
    {WKSSVC, 2, SIGN_SAID_RPC_LOOK},  /* NetrWkstaUserEnum */
    {EPM, 2, SIGN_SAID_RPC_LOOK},     /* ept_lookup */
};

enum { CHALLENGE = 4, CHALLENGES = 8, MAP = 3 };

/* DRSDomainControllerInfo, DRSCrackNames and at once DRSGetNCChanges: how one user's
 * secrets are fetched.  Told by their numbers where the bind was not captured. */
static bool is_fetch_of_secrets(struct rpc_reader *r, uint16_t call)
{
    static const uint8_t steps[] = {16, 12, 3};

    if (r->bound || call == 0)
        return false;
    r->step = call == steps[r->step] ? r->step + 1 : call == steps[0];
    if (r->step < sizeof steps)
        return false;
    r->step = 0;
    return true;
}

/* ept_map: where are services or tasks made from afar? */
static bool asks_where_to_run(const struct rpc_reader *r, uint16_t call,
                              struct span body)
{
    static const uint8_t which[] = {SVCCTL, ATSVC, TASKS};

    body = span_first(body, 160);
    if (r->interface != EPM || call != MAP || body.n == 0)
        return false;
    for (size_t i = 0; i < sizeof which; i++)
        if (memmem(body.p, body.n, uuids[which[i]], 16) != NULL)
            return true;
    return false;
}

static uint8_t interface_of(struct span at)
{
    for (unsigned i = 1; i < N_INTERFACES; i++)
        if (span_begins(at, uuids[i], sizeof uuids[i]))
            return (uint8_t)i;
    return OTHER;
}

static enum sign_said meaning_of(struct rpc_reader *r, uint16_t call, struct span body)
{
    if (r->interface == NETLOGON && call == CHALLENGE && r->challenges < UINT8_MAX)
        r->challenges++;
    if (r->challenges >= CHALLENGES)
        return SIGN_SAID_ZEROLOGON;
    if (is_fetch_of_secrets(r, call))
        return SIGN_SAID_RPC_SECRETS;
    if (asks_where_to_run(r, call, body))
        return SIGN_SAID_RPC_LOOK;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].interface == r->interface &&
            (calls[i].call == call || calls[i].call == ANY_CALL))
            return (enum sign_said)calls[i].said;
    return SIGN_SAID_NOTHING;
}

static enum sign_said read_head(struct rpc_reader *r, struct span head)
{
    static const uint8_t little_endian[] = {16, 0, 0, 0};
    uint8_t type = span_u8(head, 2);
    uint16_t call;

    if (span_u8(head, 1) > 1 || !span_begins(span_from(head, 4), little_endian, 4))
        return SIGN_SAID_NOTHING;
    if (type == BIND || type == ALTER) {
        r->interface = interface_of(span_from(head, 32));
        r->bound = true;
    }
    if (type != REQUEST || !span_get_le16(head, 22, &call))
        return SIGN_SAID_NOTHING;
    return meaning_of(r, call, span_from(head, 24));
}

enum sign_said rpc_read(struct rpc_reader *r, struct span bytes, size_t end)
{
    enum sign_said gravest = SIGN_SAID_NOTHING;
    size_t at = 0;

    while (at < end) {
        const uint8_t *p = memchr(bytes.p + at, 5, end - at);
        enum sign_said said;

        if (p == NULL)
            break;
        at = (size_t)(p - bytes.p);
        said = read_head(r, span_from(bytes, at));
        gravest = said > gravest ? said : gravest;
        at++;
    }
    return gravest;
}
