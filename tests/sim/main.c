/* The Zivver simulator's program: options, files, signals. */
#include "base/os.h"
#include "server.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { STATUS_USAGE = 64, FILE_MOST = 16 << 20 };

struct options {
	struct sockaddr_in listen;
	const char *certificate, *key, *api_key;
	const char *state, *save, *log, *faults;
	struct str bucket;
	struct unknowns unknowns;
};

static const char usage[] =
	"usage: zivver-sim --listen 127.0.0.1:PORT [--cert FILE --key FILE] --api-key KEY\n"
	"                  --state FILE [--save FILE] [--log FILE] [--faults FILE]\n"
	"                  [--bucket 50/10s|off] [--unknown NAME=VALUE]...\n"
	"\n"
	"  --listen   where to serve; port 0 takes any that is free and says which\n"
	"  --cert     certificate and key in PEM; without them it is plain http\n"
	"  --api-key  the key that clients must send\n"
	"  --state    the organisation to begin with\n"
	"  --save     where it is written at SIGTERM and SIGINT, and at SIGUSR1 (\"saved\")\n"
	"  --log      one line of JSON a request\n"
	"  --faults   what goes wrong, and when\n"
	"  --bucket   the rate limit (default 50/10s)\n"
	"  --unknown  what nobody knows about the service; the first value is the default:\n"
	"\n";

static void print_usage(FILE *file)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, usage);
	unknown_help(&text);
	fputs(text.ptr, file);
	buf_release(&text);
}

/* --- options -------------------------------------------------------------------------------- */

static int read_address(struct sockaddr_in *out, const char *text, struct err *err)
{
	struct str rest = str_of(text), host;
	char address[INET_ADDRSTRLEN];
	uint64_t port = 0;

	str_split(&rest, ':', &host);
	if (host.len >= sizeof(address) || !str_to_u64(rest, &port) || port > UINT16_MAX)
		return err_set(err, ERR_USAGE, "--listen: not %s, but ADDRESS:PORT", text);
	memcpy(address, host.ptr, host.len);
	address[host.len] = '\0';
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, address, &out->sin_addr) != 1)
		return err_set(err, ERR_USAGE, "--listen: %s is no IPv4 address", address);
	return 0;
}

static int check_options(const struct options *options, struct err *err)
{
	if (!options->listen.sin_family || !options->api_key || !options->state)
		return err_set(err, ERR_USAGE, "--listen, --api-key and --state are needed");
	if (!options->certificate != !options->key)
		return err_set(err, ERR_USAGE, "--cert and --key go together");
	return 0;
}

/* 1: the usage was asked for. */
static int read_options(struct options *options, int argc, char **argv, struct err *err)
{
	static const struct option names[] = {{"listen", required_argument, NULL, 'l'},
					      {"cert", required_argument, NULL, 'c'},
					      {"key", required_argument, NULL, 'k'},
					      {"api-key", required_argument, NULL, 'a'},
					      {"state", required_argument, NULL, 's'},
					      {"save", required_argument, NULL, 'w'},
					      {"log", required_argument, NULL, 'o'},
					      {"faults", required_argument, NULL, 'f'},
					      {"bucket", required_argument, NULL, 'b'},
					      {"unknown", required_argument, NULL, 'u'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'l':
			status = read_address(&options->listen, optarg, err);
			break;
		case 'c':
			options->certificate = optarg;
			break;
		case 'k':
			options->key = optarg;
			break;
		case 'a':
			options->api_key = optarg;
			break;
		case 's':
			options->state = optarg;
			break;
		case 'w':
			options->save = optarg;
			break;
		case 'o':
			options->log = optarg;
			break;
		case 'f':
			options->faults = optarg;
			break;
		case 'b':
			options->bucket = str_of(optarg);
			break;
		case 'u':
			status = unknown_set(&options->unknowns, str_of(optarg), err);
			break;
		case 'h':
			return 1;
		default: /* getopt has said what */
			return err_set(err, ERR_USAGE, "see --help");
		}
	}
	if (status == 0 && optind < argc)
		return err_set(err, ERR_USAGE, "%s is no option", argv[optind]);
	return status ? status : check_options(options, err);
}

/* --- serving -------------------------------------------------------------------------------- */

struct simulator {
	struct state state;
	struct service service;
	struct bucket bucket;
	struct faults faults;
	struct requests requests;
	struct buf certificate, key;
	struct server *server;
};

static int watch_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd >= 0 ? fd : err_errno(err, ERR_FAILED, "cannot watch for signals");
}

static int set_up(struct simulator *sim, const struct options *options, struct err *err)
{
	struct buf text = BUF_INIT;
	int status;

	sim->state.unknowns = &options->unknowns;
	sim->service = (struct service){
		.state = &sim->state,
		.unknowns = &options->unknowns,
		.api_key = str_of(options->api_key),
	};
	if (state_load(&sim->state, options->state, err) ||
	    bucket_parse(&sim->bucket, options->bucket, err) ||
	    (options->log && requests_open(&sim->requests, options->log, err)))
		return -1;
	if (options->certificate &&
	    (os_read_file(options->certificate, FILE_MOST, &sim->certificate, err) ||
	     os_read_file(options->key, FILE_MOST, &sim->key, err)))
		return -1;
	if (!options->faults)
		return 0;
	status = os_read_file(options->faults, FILE_MOST, &text, err);
	if (status == 0 && faults_parse(&sim->faults, buf_str(&text), err))
		status = err_prefix(err, "%s", options->faults);
	buf_release(&text);
	return status;
}

static int start(struct simulator *sim, const struct options *options, struct err *err)
{
	struct server_settings settings = {.address = options->listen,
					   .service = &sim->service,
					   .bucket = &sim->bucket,
					   .faults = &sim->faults,
					   .requests = &sim->requests};
	char address[INET_ADDRSTRLEN];

	if (options->certificate) {
		settings.certificate = sim->certificate.ptr;
		settings.key = sim->key.ptr;
	}
	sim->server = server_start(&settings, err);
	if (!sim->server)
		return -1;
	inet_ntop(AF_INET, &options->listen.sin_addr, address, sizeof(address));
	printf("listening on %s://%s:%u/api\n", options->certificate ? "https" : "http",
	       address, (unsigned)server_port(sim->server));
	fflush(stdout);
	return 0;
}

static int save(const struct simulator *sim, const struct options *options, struct err *err)
{
	return options->save ? state_save(&sim->state, options->save, err) : 0;
}

static int serve(struct simulator *sim, const struct options *options, int signals,
		 struct err *err)
{
	for (;;) {
		struct signalfd_siginfo got;

		if (server_run(sim->server, signals, err))
			return -1;
		if (read(signals, &got, sizeof(got)) != (ssize_t)sizeof(got))
			return err_errno(err, ERR_FAILED, "cannot read a signal");
		if (save(sim, options, err))
			return -1;
		if (got.ssi_signo != SIGUSR1)
			return 0;
		puts("saved");
		fflush(stdout);
	}
}

static void tear_down(struct simulator *sim)
{
	server_stop(sim->server);
	requests_release(&sim->requests);
	faults_release(&sim->faults);
	bucket_release(&sim->bucket);
	state_release(&sim->state);
	buf_release(&sim->certificate);
	buf_release(&sim->key);
}

int main(int argc, char **argv)
{
	struct options options = {.bucket = STR("50/10s")};
	struct simulator sim = {.requests = REQUESTS_INIT};
	struct err err = ERR_INIT;
	int status, signals;

	if (base_init(&err)) {
		fprintf(stderr, "zivver-sim: %s\n", err.text);
		return EXIT_FAILURE;
	}
	status = read_options(&options, argc, argv, &err);
	if (status > 0) {
		print_usage(stdout);
		return EXIT_SUCCESS;
	}
	signals = status ? -1 : watch_signals(&err);
	status = signals < 0 || set_up(&sim, &options, &err) || start(&sim, &options, &err) ||
		 serve(&sim, &options, signals, &err);
	tear_down(&sim);
	if (signals >= 0)
		close(signals);
	if (status)
		fprintf(stderr, "zivver-sim: %s\n", err.text);
	return status ? (int)err.class : EXIT_SUCCESS;
}
