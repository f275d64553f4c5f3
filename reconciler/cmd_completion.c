/*
 * completion: scripts for shells, written from the same tables as the help.
 */
#include "command.h"

#include <string.h>

/* Words behind an option or a command, with blanks between them. */
static void add_words(struct buf *out, const char *words)
{
	struct str rest = str_of(words);
	struct str part;
	while (str_split(&rest, '|', &part)) {
		buf_char(out, ' ');
		buf_add(out, part);
	}
}

static void add_option_names(struct buf *out, const struct option *options)
{
	for (; options && options->name; options++)
		buf_addf(out, " --%s", options->name);
}

static void bash_values(struct buf *out, const struct option *options)
{
	for (; options && options->name; options++) {
		if (!options->words)
			continue;
		buf_addf(out, "\t--%s) words=\"", options->name);
		add_words(out, options->words);
		buf_puts(out, "\" ;;\n");
	}
}

static void bash(struct buf *out)
{
	buf_puts(out,
		 "_zsctl() {\n"
		 "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
		 "\tlocal command= words= i\n"
		 "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		 "\t\tcase ${COMP_WORDS[i]} in\n"
		 "\t\t-C|-c|--directory|--config|--log-level|--log-format) ((i++)) ;;\n"
		 "\t\t-*) ;;\n"
		 "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
		 "\t\tesac\n"
		 "\tdone\n"
		 "\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "\t%s) words=\"", commands[i]->name);
		add_option_names(out, commands[i]->options);
		add_words(out, commands[i]->words);
		buf_puts(out, "\" ;;\n");
	}
	buf_puts(out, "\t'') words=\"");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, " %s", commands[i]->name);
	buf_puts(out, "\" ;;\n\tesac\n\twords+=\"");
	add_option_names(out, global_options);
	buf_puts(out, "\"\n\tcase $before in\n");
	bash_values(out, global_options);
	buf_puts(
		out,
		"\t--format) words=\"text json table csv yaml\" ;;\n"
		"\t--delete) words=\"suspended suspended-and-missing\" ;;\n"
		"\tesac\n"
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
		"}\n"
		"complete -o filenames -F _zsctl zsctl\n");
}

static void zsh_text(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (strchr("[]:\\", *c))
			buf_char(out, '\\');
		if (*c == '\'')
			buf_puts(out, "'\\'");
		buf_char(out, *c);
	}
}

static void zsh_options(struct buf *out, const struct option *options)
{
	for (; options && options->name; options++) {
		buf_addf(out, " \\\n\t\t\t'%s--%s%s[", options->repeats ? "*" : "",
			 options->name, options->value ? "=" : "");
		zsh_text(out, options->help);
		buf_char(out, ']');
		if (options->words) {
			buf_addf(out, ":value:(");
			add_words(out, options->words);
			buf_char(out, ')');
		} else if (options->value) {
			buf_addf(out, ":value:%s",
				 strstr(options->value, "FILE") ? "_files" : "");
		}
		buf_char(out, '\'');
	}
}

static void zsh(struct buf *out)
{
	buf_puts(out, "#compdef zsctl\n_zsctl() {\n"
		      "\tlocal context state line\n"
		      "\t_arguments -C");
	zsh_options(out, global_options);
	buf_puts(out, " \\\n\t\t\t'1:command:->command' '*::argument:->argument'\n"
		      "\tcase $state in\n\tcommand)\n\t\tlocal -a all\n\t\tall=(\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "\t\t\t'%s:", commands[i]->name);
		zsh_text(out, commands[i]->summary);
		buf_puts(out, "'\n");
	}
	buf_puts(
		out,
		"\t\t)\n\t\t_describe command all\n\t\t;;\n\targument)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "\t\t%s) _arguments", commands[i]->name);
		zsh_options(out, commands[i]->options);
		if (commands[i]->words) {
			buf_puts(out, " '1:what:(");
			add_words(out, commands[i]->words);
			buf_puts(out, ")'");
		} else {
			buf_puts(out, " '*:file:_files'");
		}
		buf_puts(out, " ;;\n");
	}
	buf_puts(out, "\t\tesac\n\t\t;;\n\tesac\n}\n_zsctl \"$@\"\n");
}

static void fish_options(struct buf *out, const char *condition, const struct option *options)
{
	for (; options && options->name; options++) {
		buf_addf(out, "complete -c zsctl%s -l %s", condition, options->name);
		if (options->letter)
			buf_addf(out, " -s %c", options->letter);
		if (options->value)
			buf_puts(out, " -r");
		if (options->words) {
			buf_puts(out, " -a '");
			add_words(out, options->words);
			buf_char(out, '\'');
		}
		buf_puts(out, " -d '");
		for (const char *c = options->help; *c; c++) {
			if (*c == '\'' || *c == '\\')
				buf_char(out, '\\');
			buf_char(out, *c);
		}
		buf_puts(out, "'\n");
	}
}

static void fish(struct buf *out)
{
	fish_options(out, "", global_options);
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "complete -c zsctl -n __fish_use_subcommand -a %s -d '%s'\n",
			 commands[i]->name, commands[i]->summary);
		struct buf condition = BUF_INIT;
		buf_addf(&condition, " -n '__fish_seen_subcommand_from %s'", commands[i]->name);
		fish_options(out, buf_str(&condition).ptr, commands[i]->options);
		if (commands[i]->words) {
			buf_addf(out, "complete -c zsctl%s -a '", condition.ptr);
			add_words(out, commands[i]->words);
			buf_puts(out, "'\n");
		}
		buf_release(&condition);
	}
}

static int run(struct context *context)
{
	const char *shell = context->arguments.words[0];
	struct buf text = BUF_INIT;
	if (!strcmp(shell, "bash"))
		bash(&text);
	else if (!strcmp(shell, "zsh"))
		zsh(&text);
	else if (!strcmp(shell, "fish"))
		fish(&text);
	else
		return err_set(&context->err, ERR_USAGE,
			       "'%s' is no shell it knows; there are bash, zsh and fish",
			       shell);
	int failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	return failed;
}

const struct command cmd_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "print a completion script for a shell",
	.details = "bash: source <(zsctl completion bash)\n"
		   "zsh:  zsctl completion zsh > \"${fpath[1]}/_zsctl\"\n"
		   "fish: zsctl completion fish > ~/.config/fish/completions/zsctl.fish",
	.words_min = 1,
	.words_max = 1,
	.words = "bash|zsh|fish",
	.run = run,
};
