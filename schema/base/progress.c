#include "progress.h"

#include <inttypes.h>

enum { BAR = 20 };

static void move_marks(struct progress *progress, struct str what, size_t done, uint64_t now)
{
	const struct progress_mark mark = {now, done};

	if (!str_eq(progress->what, what) || done < progress->middle.done) {
		*progress = (struct progress){what, mark, mark};
	} else if (now - progress->middle.at >= PROGRESS_WINDOW_MS) {
		progress->from = progress->middle;
		progress->middle = mark;
	}
}

static void add_bar(struct buf *out, size_t done, size_t total)
{
	size_t full = (size_t)((double)BAR * (double)done / (double)total);

	buf_puts(out, " [");
	for (size_t i = 0; i < BAR; i++)
		buf_char(out, i < full ? '=' : i == full ? '>' : ' ');
	buf_puts(out, "]");
}

static void add_left(struct buf *out, double seconds)
{
	/* Whoever waits wants to know whether to fetch coffee, not the second. */
	if (seconds < 90)
		buf_addf(out, ", %.0f s left", seconds);
	else if (seconds < 90 * 60)
		buf_addf(out, ", %.0f min left", seconds / 60);
	else
		buf_addf(out, ", %.1f h left", seconds / 3600);
}

void progress_line(struct progress *progress, struct str what, size_t done, size_t total,
		   uint64_t now, struct buf *out)
{
	uint64_t elapsed;
	double rate;

	move_marks(progress, what, done, now);
	elapsed = now - progress->from.at;
	buf_add_visible(out, what, false);
	if (total > 0) {
		if (done > total)
			done = total;
		add_bar(out, done, total);
		buf_addf(out, " %zu of %zu (%u %%)", done, total,
			 (unsigned)(100.0 * (double)done / (double)total));
	} else {
		buf_addf(out, " %zu", done);
	}
	if (elapsed < PROGRESS_SURE_MS || done <= progress->from.done)
		return;
	rate = 1000.0 * (double)(done - progress->from.done) / (double)elapsed;
	buf_addf(out, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
	if (total > done)
		add_left(out, (double)(total - done) / rate);
}
