/* The user's own repository: which commit the configuration is at, and who she is. */
#include "state_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Opens the repository around `dir` as git itself would, with the configuration of the host.
 * Nothing in it is executed, so whose it is does not matter: CI systems check out as somebody
 * else.
 */
static git_repository *open_around(const char *dir)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
				     GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};
	git_repository *repo = NULL;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], NULL);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (git_repository_open_ext(&repo, dir, 0, NULL) < 0)
		repo = NULL;
	return repo;
}

/* Back to the settings of the record. */
static void close_around(git_repository *repo)
{
	struct err ignored = ERR_INIT;

	git_repository_free(repo);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	if (state_git_begin(&ignored) == 0)
		git_libgit2_shutdown();
}

/* How the file stands to the commit; one that git does not keep is new to it. */
static unsigned status_of(git_repository *repo, const char *path)
{
	const char *root = git_repository_workdir(repo);
	char *real = realpath(path, NULL);
	char *real_root = root ? realpath(root, NULL) : NULL;
	unsigned flags = GIT_STATUS_WT_NEW;

	if (real && real_root && str_starts(str_of(real), real_root) &&
	    real[strlen(real_root)] == '/' &&
	    git_status_file(&flags, repo, real + strlen(real_root) + 1) < 0)
		flags = GIT_STATUS_WT_NEW;
	free(real);
	free(real_root);
	return flags;
}

int git_commit_of(const char *dir, const char *path, char out[COMMIT_TEXT_SIZE + 8])
{
	struct err ignored = ERR_INIT;
	git_repository *repo;
	git_oid id;

	out[0] = '\0';
	if (state_git_begin(&ignored) < 0)
		return 0;
	repo = open_around(dir);
	if (repo && git_reference_name_to_id(&id, repo, "HEAD") == 0) {
		const unsigned status = status_of(repo, path);

		/* The commit says nothing of a file that is not in it. */
		if (!(status & (GIT_STATUS_WT_NEW | GIT_STATUS_INDEX_NEW | GIT_STATUS_IGNORED)))
			snprintf(out, COMMIT_TEXT_SIZE + 8, "%s%s", git_oid_tostr_s(&id),
				 status == GIT_STATUS_CURRENT ? "" : "-dirty");
	}
	close_around(repo);
	git_libgit2_shutdown();
	return 0;
}

struct str git_user_email(struct arena *arena, const char *dir)
{
	struct err ignored = ERR_INIT;
	struct str email = STR_NONE;
	git_config *config = NULL, *snapshot = NULL;
	git_repository *repo;
	const char *value;
	int status;

	if (state_git_begin(&ignored) < 0)
		return email;
	repo = open_around(dir);
	status = repo ? git_repository_config(&config, repo) : git_config_open_default(&config);
	if (status == 0 && git_config_snapshot(&snapshot, config) == 0 &&
	    git_config_get_string(&value, snapshot, "user.email") == 0)
		email = arena_str(arena, str_trim(str_of(value)));
	git_config_free(snapshot);
	git_config_free(config);
	close_around(repo);
	git_libgit2_shutdown();
	return email;
}
