/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/models.h"

#include "base/assert.h"
#include "base/json.h"
#include "base/mem.h"
#include "serve/view_names.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A model file is some hundred kilobytes. */
enum { MODEL_BYTES_MAX = 256 * 1024 * 1024, PROVENANCE_DEPTH_MAX = 16 };

struct models {
    pthread_rwlock_t lock;
    struct model *active[N_MODEL_ROLES];  /* a use of each; NULL: none */
    struct model *bundled[N_MODEL_ROLES]; /* likewise */
};

/* What a role asks of its model. */
static const struct {
    const char *view; /* that its clients speak; NULL: any */
    bool is_needed;   /* there is no server without it */
    bool has_flows;   /* its rows are flows of the plain meter */
} roles[N_MODEL_ROLES] = {
    [MODEL_ROLE_CLASSIFY] = {.view = "kdd31", .is_needed = true},
    [MODEL_ROLE_ATTACK] = {.view = "kdd", .is_needed = true},
    [MODEL_ROLE_BOTNET] = {.has_flows = true},
    [MODEL_ROLE_TRAFFIC] = {.is_needed = true, .has_flows = true},
};

/* Models of two classes say at which score they decide; for others it is the middle. */
static float read_threshold(const struct lw_classifier *c)
{
    const char *text = lw_classifier_provenance(c);
    struct json_doc *doc = NULL;
    double v = 0.5;

    if (json_parse(&doc, text, strlen(text), PROVENANCE_DEPTH_MAX, NULL) == LW_OK &&
        !json_number(json_get(json_root(doc), "threshold"), &v))
        v = 0.5;
    json_free(doc);
    return v > 0 && v < 1 ? (float)v : 0.5f;
}

/* Can it be made from packets, and is each row one flow or part of one? */
static bool is_of_flows(const struct lw_view *view)
{
    struct lw_meter_config cfg = {.apps = true};
    struct lw_extractor *x = NULL;
    bool ok = lw_extractor_new(&x, view, NULL, NULL) == LW_OK;

    lw_extractor_free(x);
    lw_view_meter_needs(view, &cfg);
    return ok && !cfg.icmp_messages;
}

static enum lw_status check_role(const struct model *m, const char *name,
                                 struct lw_error *err)
{
    const char *view = lw_classifier_view(m->classifier)->name;
    const char *wanted = roles[m->role].view;

    if (roles[m->role].has_flows && !is_of_flows(lw_classifier_view(m->classifier)))
        return lw_fail(
            err, LW_EMISMATCH,
            "%.120s: made for view %s, whose rows are not the flows that the "
            "role %s judges; train it with --view flow or netflow",
            name, view, model_role_names[m->role]);
    if (wanted == NULL || strcmp(view, wanted) == 0)
        return LW_OK;
    return lw_fail(err, LW_EMISMATCH,
                   "%.120s: made for view %s, the role %s needs view %s; train it with "
                   "--view %s",
                   name, view, model_role_names[m->role], wanted, wanted);
}

enum lw_status model_new(struct model **out, enum model_role role, const void *data,
                         size_t n, const char *name, struct lw_error *err)
{
    struct model *m = mem_zalloc(1, sizeof *m);
    enum lw_status st;

    if (m == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    m->role = role;
    atomic_init(&m->users, 1);
    st = lw_classifier_load_memory(&m->classifier, data, n, name, err);
    if (st == LW_OK)
        st = check_role(m, name, err);
    if (st == LW_OK)
        st = view_names_new(&m->names, lw_classifier_view(m->classifier), err);
    if (st == LW_OK) {
        m->file = mem_dup(data, n);
        m->n_file = n;
        if (m->file == NULL)
            st = lw_fail(err, LW_ENOMEM, "out of memory");
    }
    if (st != LW_OK) {
        model_drop(m);
        return st;
    }
    m->threshold = read_threshold(m->classifier);
    *out = m;
    return LW_OK;
}

void model_drop(struct model *m)
{
    if (m == NULL || atomic_fetch_sub(&m->users, 1) != 1)
        return;
    lw_classifier_free(m->classifier);
    view_names_free(m->names);
    mem_free(m->file);
    mem_free(m);
}

static enum lw_status read_file(const char *path, void **out, size_t *n,
                                struct lw_error *err)
{
    FILE *f = fopen(path, "re");
    struct stat info;
    void *data = NULL;
    bool ok;

    if (f == NULL || fstat(fileno(f), &info) != 0) {
        if (f != NULL)
            (void)fclose(f);
        return lw_fail(err, LW_EIO, "%.200s: cannot be read", path);
    }
    ok = S_ISREG(info.st_mode) && info.st_size <= MODEL_BYTES_MAX;
    *n = ok ? (size_t)info.st_size : 0;
    data = ok ? mem_alloc(*n) : NULL;
    ok = ok && data != NULL && fread(data, 1, *n, f) == *n;
    (void)fclose(f);
    if (!ok) {
        mem_free(data);
        return lw_fail(err, LW_EIO, "%.200s: cannot be read", path);
    }
    *out = data;
    return LW_OK;
}

static bool is_there(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

static enum lw_status load_role(struct models *m, enum model_role role, const char *dir,
                                struct lw_error *err)
{
    char path[4096];
    void *data = NULL;
    size_t n = 0;
    enum lw_status st;

    if (snprintf(path, sizeof path, "%s/%s.lwm", dir, model_role_names[role]) >=
        (int)sizeof path)
        return lw_fail(err, LW_EINVAL, "%.64s...: the path is too long", dir);
    if (!roles[role].is_needed && !is_there(path))
        return LW_OK;
    st = read_file(path, &data, &n, err);
    if (st == LW_OK)
        st = model_new(&m->bundled[role], role, data, n, path, err);
    mem_free(data);
    if (st == LW_OK) {
        (void)atomic_fetch_add(&m->bundled[role]->users, 1);
        m->active[role] = m->bundled[role];
    }
    return st;
}

enum lw_status models_new(struct models **out, const char *dir, struct lw_error *err)
{
    struct models *m = mem_zalloc(1, sizeof *m);
    enum lw_status st = LW_OK;

    if (m == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    (void)pthread_rwlock_init(&m->lock, NULL);
    for (int role = 0; st == LW_OK && role < N_MODEL_ROLES; role++)
        st = load_role(m, (enum model_role)role, dir, err);
    if (st != LW_OK) {
        models_free(m);
        return st;
    }
    *out = m;
    return LW_OK;
}

void models_free(struct models *m)
{
    if (m == NULL)
        return;
    for (int role = 0; role < N_MODEL_ROLES; role++) {
        model_drop(m->active[role]);
        model_drop(m->bundled[role]);
    }
    (void)pthread_rwlock_destroy(&m->lock);
    mem_free(m);
}

static struct model *take(struct models *m, struct model *const *from)
{
    struct model *model;

    (void)pthread_rwlock_rdlock(&m->lock);
    model = *from;
    if (model != NULL)
        (void)atomic_fetch_add(&model->users, 1);
    (void)pthread_rwlock_unlock(&m->lock);
    return model;
}

struct model *models_take(struct models *m, enum model_role role)
{
    return take(m, &m->active[role]);
}

struct model *models_take_bundled(struct models *m, enum model_role role)
{
    return take(m, &m->bundled[role]);
}

void models_set(struct models *m, struct model *model)
{
    struct model *old;

    (void)pthread_rwlock_wrlock(&m->lock);
    old = m->active[model->role];
    m->active[model->role] = model;
    (void)pthread_rwlock_unlock(&m->lock);
    model_drop(old);
}
