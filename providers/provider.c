#include "provider.h"

#include "source_csv.h"
#include "source_ldap.h"
#include "source_yaml.h"
#include "target_file.h"
#include "target_zivver.h"

const char *const request_op_names[4] = {"create", "update", "suspend", "delete"};

int source_open(struct source **source, const struct config *config, uint32_t index,
		struct err *err)
{
	switch (config->sources[index].provider) {
	case SOURCE_YAML:
		return source_yaml_open(source, config, index, err);
	case SOURCE_CSV:
		return source_csv_open(source, config, index, err);
	case SOURCE_LDAP:
		return source_ldap_open(source, config, index, err);
	}
	return err_set(err, ERR_FAILED, "source '%.*s': unknown provider",
		       STR_FMT(config->sources[index].name));
}

void source_free(struct source *source)
{
	if (source)
		source->ops->free(source);
}

int target_open(struct target **target, const struct config *config, struct err *err)
{
	switch (config->target.provider) {
	case TARGET_FILE:
		return target_file_open(target, config, err);
	case TARGET_ZIVVER:
		return target_zivver_open(target, config, err);
	}
	return err_set(err, ERR_FAILED, "target: unknown provider");
}

void target_free(struct target *target)
{
	if (target)
		target->ops->free(target);
}

void target_will_change(struct target *target, const struct sym *id)
{
	if (target->ops->will_change)
		target->ops->will_change(target, id);
}

bool target_in_scope(const struct config *config, const struct account *account)
{
	const struct config_scope *scope = &config->target.scope;
	struct str address = sym_str(account->address);
	/* On the wire "/" is what an account without a unit has. */
	struct str unit = account->unit ? sym_str(account->unit) : STR("/");

	if (patterns_match(&scope->exclude, address) ||
	    patterns_match(&scope->exclude_units, unit))
		return false;
	if (scope->include.count == 0 && scope->include_units.count == 0)
		return true;
	return patterns_match(&scope->include, address) ||
	       patterns_match(&scope->include_units, unit);
}

static void hide(struct accounts *accounts, const struct account *account)
{
	*vec_push(&accounts->hidden) = account->address;
	if (account->id)
		*vec_push(&accounts->hidden) = account->id;
	for (uint32_t i = 0; i < account->aliases.count; i++)
		*vec_push(&accounts->hidden) = account->aliases.items[i];
}

void target_apply_scope(const struct config *config, struct accounts *accounts)
{
	size_t kept = 0;

	accounts->hidden.count = 0;
	for (size_t i = 0; i < accounts->count; i++) {
		if (!target_in_scope(config, &accounts->items[i])) {
			hide(accounts, &accounts->items[i]);
			continue;
		}
		if (kept != i)
			accounts->items[kept] = accounts->items[i];
		kept++;
	}
	accounts->count = kept;
}
