/*
 * What feeds libyaml: the bytes of a file or of memory, in pieces, checked for what libyaml lets
 * pass; and its complaints in words that help. Used by yaml_tree.c only.
 */
#ifndef ZSCTL_YAML_INPUT_H
#define ZSCTL_YAML_INPUT_H

#include "diag.h"

#include <yaml.h>

#define YAML_HIDDEN_MAX 8

struct yaml_input {
	struct str file; /* its name, for findings */
	struct str text; /* when fd is -1 */
	int fd;
	uint64_t limit;
	uint64_t offset;  /* of the next byte to read */
	uint64_t skipped; /* length of the byte order mark: libyaml's offsets are behind it */
	int failed;       /* errno of a failed read */
	bool too_large;
	unsigned char edge[2]; /* the last bytes of the piece before */
	/* Where the characters lie that make a line read differently from what it says. */
	uint64_t hidden[YAML_HIDDEN_MAX];
	size_t hidden_count;
};

void yaml_input_text(struct yaml_input *input, struct str file, struct str text);
/* -1 after a finding: missing, no regular file, larger than `limit`. */
int yaml_input_open(struct yaml_input *input, struct str file, uint64_t limit,
		    struct diags *diags);
void yaml_input_close(struct yaml_input *input);

/* A yaml_read_handler_t over a struct yaml_input. */
int yaml_input_read(void *data, unsigned char *out, size_t size, size_t *read);

/* Findings for hidden characters and for a file that turned out too large. */
void yaml_input_findings(struct yaml_input *input, struct diags *diags);
/* Turns the parser's error into a finding. */
void yaml_input_error(struct yaml_input *input, const yaml_parser_t *parser,
		      struct diags *diags);

#endif
