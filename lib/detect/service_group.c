/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups are made by hand, from what the services are for.  The three kinds of ICMP
 * that matter, `private` and `other` stay alone; a service in no list is of the last
 * group.
 */
#include "detect/service_group.h"

#include <string.h>

/* Each list begins and ends with a blank. */
static const char *const groups[] = {
    " http http_443 http_2784 http_8001 harvest aol gopher ",
    " smtp mtp ",
    " pop_3 pop_2 imap4 ",
    " ftp ",
    " ftp_data tftp_u ",
    " telnet login klogin shell kshell exec ssh supdup remote_job rje X11 ",
    (" domain domain_u name hostnames csnet_ns netbios_ns netbios_dgm netbios_ssn ldap "
     "whois sunrpc pm_dump "),
    " finger auth systat netstat daytime time ntp_u echo discard ",
    " eco_i ",
    " ecr_i ",
    " red_i tim_i urh_i urp_i ",
    " IRC ",
    " private ",
    " other ",
};

enum { N_GROUPS = sizeof groups / sizeof groups[0] };

static uint8_t group_of(const char *service)
{
    size_t n = strlen(service);

    for (size_t g = 0; g < N_GROUPS; g++)
        for (const char *at = groups[g]; (at = strstr(at, service)) != NULL; at++)
            if (at[-1] == ' ' && at[n] == ' ')
                return (uint8_t)g;
    return N_GROUPS;
}

bool service_groups(const struct lw_feature *f, uint8_t *group)
{
    if (f->type != LW_FEATURE_CATEGORY || strcmp(f->name, "service") != 0)
        return false;
    for (uint16_t i = 0; i < f->n_categories; i++)
        group[i] = group_of(f->categories[i]);
    return true;
}
