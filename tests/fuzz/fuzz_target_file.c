/*
 * The file target over arbitrary bytes: listing never fails but with a message, and what can be
 * listed can be changed, and listed again after that.
 */
#include "target_file.h"

#include "base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void remove_file(void)
{
	unlink(path);
}

static void set_up(void)
{
	struct err err = ERR_INIT;

	if (path[0])
		return;
	if (base_init(&err))
		abort();
	snprintf(path, sizeof(path), "%s/zsctl-fuzz-%d.json",
		 os_exists("/dev/shm") ? "/dev/shm" : "/tmp", (int)getpid());
	atexit(remove_file);
}

static void submit(struct target *target, enum request_op op, const struct account *account,
		   const struct account *wanted, unsigned set)
{
	struct err err = ERR_INIT;
	const struct target_request request = {
		.op = op,
		.kind = (enum account_kind)account->kind,
		.id = account->id,
		.wanted = wanted,
		.set = set,
		.key = STR("key"),
	};

	if (target->ops->submit(target, &request, &err))
		abort();
}

/* Something of everything, on the first accounts. */
static void change(struct target *target, struct sym_pool *names,
		   const struct accounts *accounts)
{
	struct target_outcomes outcomes = {NULL, 0, 0};
	struct account wanted[8];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < accounts->count && i < 8; i++) {
		const struct account *account = &accounts->items[i];
		char address[32];

		snprintf(address, sizeof(address), "new%zu@example.org", i);
		wanted[i] = *account;
		wanted[i].address = sym_get(names, str_of(address));
		wanted[i].name = wanted[i].address;
		wanted[i].aliases = (struct set){&wanted[i].name, 0};
		switch (i % 4) {
		case 0:
			submit(target, REQUEST_UPDATE, account, &wanted[i], 0xFF);
			break;
		case 1:
			submit(target, REQUEST_DELETE, account, NULL, 0);
			break;
		case 2:
			submit(target, REQUEST_SUSPEND, account, NULL, 0);
			break;
		default:
			submit(target, REQUEST_CREATE, account, &wanted[i], 0xFF);
		}
	}
	if (target->ops->wait(target, 0, &outcomes, &err))
		abort();
	for (size_t i = 0; i < outcomes.count; i++) {
		if (outcomes.items[i].class == OUTCOME_FATAL ||
		    outcomes.items[i].class == OUTCOME_UNKNOWN)
			abort();
	}
	free(outcomes.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config = {.target = {.path_given = STR("organisation.json")}};
	struct sym_pool names = SYM_POOL_INIT;
	struct accounts accounts = ACCOUNTS_INIT;
	struct err err = ERR_INIT;
	struct target *target;
	FILE *file;

	set_up();
	config.target.path = str_of(path);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) ||
	    target_file_open(&target, &config, &err))
		abort();
	if (target->ops->list(target, &names, &accounts, &err) == 0) {
		change(target, &names, &accounts);
		if (target->ops->list(target, &names, &accounts, &err)) {
			fprintf(stderr, "%s\n", err.text);
			abort();
		}
	}
	target->ops->free(target);
	accounts_release(&accounts);
	sym_pool_release(&names);
	return 0;
}
