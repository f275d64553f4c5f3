#include "base/os.h"
#include "plan_text.h"

/* The first two lines: is it a plan at all, and one that this program knows? */
static int read_version(struct scan *scan, const char *name, struct err *err)
{
	uint64_t version;

	scan_need(scan, "# ");
	scan_skip(scan);
	scan_need(scan, "zsctl_plan: ");
	version = scan_number(scan);
	scan_end(scan);
	if (!scan->failed && version == PLAN_VERSION)
		return 0;
	if (!scan->failed && version > PLAN_VERSION)
		return err_set(err, ERR_PERSON,
			       "%s has plan format %zu, which a later zsctl writes and this "
			       "one does not know: use that version",
			       name, (size_t)version);
	return err_set(err, ERR_PERSON,
		       "%s is no plan of zsctl: its second line is not 'zsctl_plan: %d'", name,
		       PLAN_VERSION);
}

#define NOT_EDITED "a plan cannot be edited, only made anew with 'zsctl plan'"

static int compare(struct plan *plan, struct str bytes, const char *name, struct err *err)
{
	struct buf ours = BUF_INIT;
	size_t line = 0;
	bool same;

	/* What is out of order, or there twice, shows as a line that differs. */
	plan_sort(plan);
	same = plan_spells(plan, bytes, &line, &ours);
	if (!same)
		err_set(err, ERR_PERSON,
			"%s is not as zsctl wrote it: line %zu differs, zsctl writes '%.*s' "
			"there; " NOT_EDITED,
			name, line, (int)str_utf8_cut(buf_str(&ours), 200), buf_str(&ours).ptr);
	buf_release(&ours);
	return same ? 0 : -1;
}

int plan_read(struct plan *plan, struct str bytes, const char *name, struct err *err)
{
	struct scan scan;
	int result = -1;

	plan_init(plan);
	if (bytes.len > PLAN_SIZE_MAX)
		return err_set(err, ERR_PERSON, "%s is larger than 1 GiB, which no plan is",
			       name);
	if (!str_is_utf8(bytes))
		return err_set(err, ERR_PERSON,
			       "%s is no plan of zsctl: it is not text in UTF-8", name);
	scan_init(&scan, bytes, &plan->arena);
	if (read_version(&scan, name, err) != 0)
		goto out;
	plan_parse(&scan, plan);
	if (scan.failed) {
		err_set(err, ERR_PERSON, "%s is not as zsctl wrote it: %s; " NOT_EDITED, name,
			scan.message);
		goto out;
	}
	if (compare(plan, bytes, name, err) != 0)
		goto out;
	if (plan_check(plan, err) != 0) {
		err_prefix(err, "%s", name);
		goto out;
	}
	sha256_text(bytes, plan->digest);
	result = 0;
out:
	return result;
}

int plan_read_file(struct plan *plan, const char *path, struct buf *bytes, struct err *err)
{
	struct buf own = BUF_INIT;
	struct buf *out = bytes ? bytes : &own;
	int result;

	plan_init(plan);
	result = os_read_file(path, PLAN_SIZE_MAX, out, err);
	if (result == 0)
		result = plan_read(plan, buf_str(out), path, err);
	buf_release(&own);
	return result;
}
