#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- look-ups ----------------------------------------------------------------------------- */

bool given(const struct arguments *arguments, const char *name)
{
	for (size_t i = 0; i < arguments->option_count; i++) {
		if (!strcmp(arguments->options[i].option->name, name))
			return true;
	}
	return false;
}

const char *value_of(const struct arguments *arguments, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < arguments->option_count; i++) {
		if (!strcmp(arguments->options[i].option->name, name))
			value = arguments->options[i].value;
	}
	return value;
}

static int compare_strs(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void values_of(const struct arguments *arguments, const char *name, struct arena *arena,
	       struct strs *out)
{
	for (size_t i = 0; i < arguments->option_count; i++) {
		if (strcmp(arguments->options[i].option->name, name) != 0)
			continue;
		struct str rest = str_of(arguments->options[i].value);
		struct str part;
		while (str_split(&rest, ',', &part)) {
			part = str_trim(part);
			if (part.len && !strs_has(out, part))
				strs_add(arena, out, part);
		}
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), compare_strs);
}

/* --- parsing ------------------------------------------------------------------------------ */

static const struct option *find_in(const struct option *options, struct str name)
{
	for (; options && options->name; options++) {
		if (str_is(name, options->name))
			return options;
		if (name.len == 1 && options->letter == name.ptr[0])
			return options;
	}
	return NULL;
}

static const struct option *find_option(const struct command *command, struct str name)
{
	const struct option *option = command ? find_in(command->options, name) : NULL;
	return option ? option : find_in(global_options, name);
}

static void nearest_in(const struct option *options, struct str name, const char **best,
		       size_t *distance)
{
	for (; options && options->name; options++) {
		size_t found = str_distance(name, str_of(options->name), *distance);
		if (found < *distance) {
			*distance = found;
			*best = options->name;
		}
	}
}

static int unknown_option(const struct command *command, const char *word, struct str name,
			  struct err *err)
{
	const char *best = NULL;
	size_t distance = 3;
	nearest_in(command ? command->options : NULL, name, &best, &distance);
	nearest_in(global_options, name, &best, &distance);
	err_set(err, ERR_USAGE, "'%s' is no option%s%s%s", word,
		command ? " of zsctl " : " of zsctl", command ? command->name : "",
		best ? "" : "; see --help");
	if (!best)
		return -1;
	char text[200];
	snprintf(text, sizeof(text), "%.150s", err->text);
	return err_set(err, ERR_USAGE, "%s; did you mean --%s?", text, best);
}

static bool word_among(const char *words, const char *value)
{
	struct str rest = str_of(words);
	struct str part;
	while (str_split(&rest, '|', &part)) {
		if (str_is(part, value))
			return true;
	}
	return false;
}

static int push_option(struct arguments *arguments, const struct option *option,
		       const char *value, struct err *err)
{
	/* A list that a script fills and that came out empty would narrow nothing. */
	if (value && !*value && (option->repeats || option->value[0] == '['))
		return err_set(err, ERR_USAGE, "--%s is empty: %s is expected", option->name,
			       option->value);
	if (option->words && value && !word_among(option->words, value))
		return err_set(err, ERR_USAGE, "--%s takes one of %s, not '%s'", option->name,
			       option->words, value);
	if (!option->repeats && given(arguments, option->name))
		return err_set(err, ERR_USAGE, "--%s is given twice", option->name);
	if (arguments->option_count == OPTION_LIMIT)
		return err_set(err, ERR_USAGE, "more than %d options", OPTION_LIMIT);
	arguments->options[arguments->option_count].option = option;
	arguments->options[arguments->option_count++].value = value;
	return 0;
}

/* One option at argv[*index]; moves *index to its last word. */
static int parse_option(int argc, char **argv, int *index, const struct command *command,
			struct arguments *arguments, struct err *err)
{
	const char *word = argv[*index];
	struct str name = str_of(word + (word[1] == '-' ? 2 : 1));
	const char *attached = NULL;
	const char *equals = memchr(name.ptr, '=', name.len);
	if (equals) {
		attached = equals + 1;
		name.len = (size_t)(equals - name.ptr);
	}
	const struct option *option = find_option(command, name);
	if (!option && word[1] != '-' && name.len > 1 && !equals) {
		/* -oFILE */
		option = find_option(command, (struct str){name.ptr, 1});
		if (option && option->value)
			attached = name.ptr + 1;
		else
			option = NULL;
	}
	if (!option)
		return unknown_option(command, word, name, err);
	if (!option->value) {
		if (attached)
			return err_set(err, ERR_USAGE, "--%s takes no value", option->name);
		return push_option(arguments, option, NULL, err);
	}
	/* A value in brackets may be left out: --refresh-keys[=PATTERN] */
	if (!attached && option->value[0] == '[')
		return push_option(arguments, option, "*", err);
	if (!attached) {
		if (*index + 1 >= argc)
			return err_set(err, ERR_USAGE, "%s needs a value: %s", word,
				       option->value);
		attached = argv[++*index];
	}
	return push_option(arguments, option, attached, err);
}

static int find_command(const char *word, const struct command **out, struct err *err)
{
	const char *best = NULL;
	size_t distance = 3;
	for (size_t i = 0; commands[i]; i++) {
		if (!strcmp(commands[i]->name, word)) {
			*out = commands[i];
			return 0;
		}
		size_t found = str_distance(str_of(word), str_of(commands[i]->name), distance);
		if (found < distance) {
			distance = found;
			best = commands[i]->name;
		}
	}
	return err_set(err, ERR_USAGE, "'%s' is no command of zsctl; %s%s%s", word,
		       best ? "did you mean '" : "see 'zsctl --help", best ? best : "", "'");
}

int options_parse(int argc, char **argv, const struct command **command,
		  struct arguments *arguments, struct err *err)
{
	*command = NULL;
	bool options_over = false;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (!options_over && !strcmp(word, "--")) {
			options_over = true;
		} else if (!options_over && word[0] == '-' && word[1]) {
			if (parse_option(argc, argv, &i, *command, arguments, err) < 0)
				return -1;
		} else if (!*command) {
			if (find_command(word, command, err) < 0)
				return -1;
		} else if (arguments->word_count == OPTION_LIMIT) {
			return err_set(err, ERR_USAGE, "more than %d words", OPTION_LIMIT);
		} else {
			arguments->words[arguments->word_count++] = word;
		}
	}
	if (!*command || given(arguments, "help"))
		return 0;
	if (arguments->word_count < (*command)->words_min)
		return err_set(err, ERR_USAGE, "zsctl %s needs %s", (*command)->name,
			       (*command)->arguments);
	if (arguments->word_count > (*command)->words_max)
		return err_set(err, ERR_USAGE, "'%s' is one word too many for zsctl %s",
			       arguments->words[(*command)->words_max], (*command)->name);
	return 0;
}

/* --- help --------------------------------------------------------------------------------- */

static void help_options(const struct option *options, struct buf *out)
{
	for (; options && options->name; options++) {
		struct buf left = BUF_INIT;
		if (options->letter)
			buf_addf(&left, "-%c, ", options->letter);
		else
			buf_puts(&left, "    ");
		buf_addf(&left, "--%s", options->name);
		if (options->value && options->value[0] == '[')
			buf_addf(&left, "[=%s", options->value + 1);
		else if (options->value)
			buf_addf(&left, " %s", options->value);
		buf_addf(out, "  %-32.*s", STR_FMT(buf_str(&left)));
		buf_addf(out, "%s%s",
			 left.len > 31 ? "\n                                  " : "",
			 options->help);
		if (options->words)
			buf_addf(out, " (%s)", options->words);
		buf_char(out, '\n');
		buf_release(&left);
	}
}

void help_program(struct buf *out)
{
	buf_puts(
		out,
		"zsctl keeps the accounts of a Zivver organisation equal to a declared state:\n"
		"plan, review, approve, apply, record.\n\n"
		"Usage: zsctl [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
	buf_puts(out, "\nOptions for every command:\n");
	help_options(global_options, out);
	buf_puts(
		out,
		"\nExit status:\n"
		"  0 done   1 error   2 changes or drift (with --detailed-exitcode, and drift)\n"
		"  3 planning again cures it   4 a limit refuses   5 a person must act\n"
		"  6 applied in part, or still open   7 unreachable, nothing happened\n"
		"  8 locked   64 usage\n");
}

void help_command(const struct command *command, struct buf *out)
{
	buf_addf(out, "zsctl %s: %s\n\nUsage: zsctl %s", command->name, command->summary,
		 command->name);
	if (command->options)
		buf_puts(out, " [OPTIONS]");
	if (command->arguments)
		buf_addf(out, " %s", command->arguments);
	buf_char(out, '\n');
	if (command->details)
		buf_addf(out, "\n%s\n", command->details);
	if (command->options) {
		buf_puts(out, "\nOptions:\n");
		help_options(command->options, out);
	}
	buf_puts(out, "\nOptions for every command:\n");
	help_options(global_options, out);
}
