/*
 * An organisation in a file of its own folder, for the tests of the file target.
 */
#ifndef ZSCTL_TARGET_WORLD_H
#define ZSCTL_TARGET_WORLD_H

#include "target_asked.h"
#include "target_file.h"

#include <fcntl.h>
#include <unistd.h>

#define JANE                                                                               \
	"{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":\"Jane " \
	"Doe\"},\"active\":true," USER                                                     \
	":{\"aliases\":[\"j.doe@example.org\"],\"delegates\":[\"bob@example.org\"],"       \
	"\"ExternalAccountId\":\"x1\"}}"
#define BOB \
	"{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"active\":true,\"more\":18446744073709551615}"
#define KIM "{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":false}"
#define INFO                                                                           \
	"{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"displayName\":\"Info\"," \
	"\"members\":[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]}"
#define ORGANISATION                                                               \
	"{\"users\":[\n" JANE ",\n" BOB ",\n" KIM "\n],\n\"groups\":[" INFO "],\n" \
	"\"guests\":[\"Guest@example.org\"],\"units\":[\"Cardiology\",\"ICU\"],"   \
	"\"other\": {\"n\": 1.50}}\n"

/* --- an organisation in a file -------------------------------------------------------------- */

static char folder[] = "/tmp/zsctl-test-XXXXXX";
static char path[64];

static inline void put(const char *text)
{
	struct err err = ERR_INIT;

	if (os_write_file(path, str_of(text), 0600, &err))
		fail_msg("%s", err.text);
}

static inline struct str get(struct arena *arena)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	struct str copy;

	if (os_read_file(path, 1 << 24, &text, &err))
		fail_msg("%s", err.text);
	copy = arena_str(arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

static inline void open_world(struct world *w)
{
	struct err err = ERR_INIT;

	*w = (struct world){.domains = {STR("example.org"), STR("example.com")}};
	w->config.claimed = (struct patterns){w->domains, 2};
	w->config.target.path = str_of(path);
	w->config.target.path_given = STR("organisation.json");
	assert_int_equal(target_file_open(&w->target, &w->config, &err), 0);
}

static inline int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/organisation.json", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	/* Fails when a temporary file was left behind. */
	return rmdir(folder);
}

static inline int run_in_folder(const struct CMUnitTest *tests, size_t count)
{
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return _cmocka_run_group_tests("tests", tests, count, make_folder, remove_folder);
}

#endif
