/** The text of `--help`, one literal per command. */

export const HELP_MAIN = `lamella: an experiment tracker whose processes lay down immutable Parquet shards

Usage
  lamella <command> [options]

Commands
  show                serve the dashboard of a store
  list projects       names of the projects
  list runs           runs of a project
  list metrics        metric names of a run, or of all runs of a project
  get metric          values of one metric of a run
  doctor              what disk a directory is on, and what to change for it

Options
  --help, -h          help; also after a command: lamella show --help
  --version           version of lamella

The store
  --dir DIR (a store of Lamella, a directory of Trackio, or both), else $TRACKIO_DIR, else the trackio folder of the Hugging Face cache
  ($HF_HOME/trackio, by default ~/.cache/huggingface/trackio).

Exit codes
  0 done               4 not found: check the name
  1 a bug              5 conflict: read again and retry
  2 wrong input        6 unavailable now: retry later
  3 not allowed        7 damaged    8 written by a newer lamella
`;

export const HELP_SHOW = `lamella show: serve the dashboard of a store until Ctrl-C

Usage
  lamella show [--dir DIR] [--project NAME] [--port PORT] [--host HOST] [--json]

Options
  --dir DIR           the store; it must exist
  --project NAME      open the page of this project
  --port PORT         fail when it is in use; default: 7860, or the next free port
  --host HOST         address to listen on; default 127.0.0.1, which only this machine
                      reaches. Any other address shows the store to whoever reaches it.
  --json              print one JSON object with the url on stdout

Examples
  lamella show
  lamella show --dir /data/experiments --project digits
  lamella show --port 8080 --host 0.0.0.0
`;

export const HELP_LIST = `lamella list: names in a store

Usage
  lamella list projects [--dir DIR] [--json]
  lamella list runs --project NAME [--dir DIR] [--json]
  lamella list metrics --project NAME [--run RUN] [--dir DIR] [--json]

Options
  --dir DIR           the store; it must exist
  --project NAME      the project
  --run RUN           id or display name of a run; of several with one name, the latest
  --json              one JSON object on stdout; errors are JSON on stderr

Output
  projects            {"projects": [name]}
  runs                {"project", "runs": [display name], "details": [one object per run]}
  metrics             {"project", "run", "metrics": [name], "details": [one object per metric]}

Examples
  lamella list projects
  lamella list runs --project digits --json
  lamella list metrics --project digits --run quiet-otter-3f2a
`;

export const HELP_GET = `lamella get metric: values of one metric of a run

Usage
  lamella get metric --project NAME --run RUN --metric NAME [--dir DIR] [--json]

Options
  --dir DIR           the store, or a Trackio directory; it must exist
  --project NAME      the project
  --run RUN           id or display name of a run; of several with one name, the latest
  --metric NAME       the metric; a system metric where no metric has this name
  --json              one JSON object on stdout; errors are JSON on stderr

Output of --json
  {"project", "run", "metric", "values": [{"timestamp", "step", "value"}]}
  by step; what JSON cannot say is "NaN", "Infinity" or "-Infinity"

Examples
  lamella get metric --project digits --run quiet-otter-3f2a --metric train/loss --json
`;

export const HELP_DOCTOR = `lamella doctor: what disk a directory is on, and what to change for it

Usage
  lamella doctor [DIR] [--json] [--mountinfo FILE]
  lamella doctor --shell [DIR] [--mountinfo FILE]

  DIR need not exist. Default: $TRACKIO_DIR, else the trackio folder of the Hugging
  Face cache. A few small files are written there for a moment and removed.

Options
  --json              one JSON object on stdout
  --shell             print the export lines that make an unmodified Trackio safe there
  --mountinfo FILE    judge DIR by another machine's /proc/self/mountinfo; nothing of
                      this machine is asked, and nothing is tried

Output of --json
  {"path", "filesystem": {"class", "type", "source", "mount", "options", "evidence"},
   "probes": [{"name", "ok", "ms", "detail"}], "sqlite": {"pragmas", "reason"},
   "lamella": {"publish", "grace_s", "flush_s"}, "warnings": [text], "advice": [text]}
  class is one of local, network, parallel, object-mount, unknown;
  LAMELLA_FILESYSTEM_CLASS overrides it.

Examples
  lamella doctor /fsx/alice/trackio
  eval "$(lamella doctor --shell "$TRACKIO_DIR")"
  lamella doctor /scratch --mountinfo ticket-4711.txt --json
`;
