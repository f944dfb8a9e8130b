// The status page: what the server says of its destinations, and a button for each order.
//
// Whatever comes from outside (a URI, a reason phrase, a name) gets into the page as text alone (see make()).
// The rows keep their order while they refresh; new trouble is announced, and sorted in when one asks.

const SHOWN = { // in the order of the counts; the sign and the word say what the colour says
  down: "▼", unknown: "?", drain: "◐", maint: "✕", up: "●",
};
const MODES = ["drain", "maint", "ready"];
const NAMES = ["all", "dead", "failing"]; // what can be asked for of the destinations that are names
const PAGE_ROWS = 100; // that are asked for at once, and lie in one <tbody>
const MOST_REFRESHED = 200; // rows by name in one question
const MOST_TROUBLE = 100; // are counted as new
const ALL_GROUPS_MS = 60000; // between two looks at all their names, if a view has not all
const MOST_OPEN = 20; // destinations whose details are refreshed
const FEW_GROUPS = 12;
const SAMPLES = 50;

const WITH_EVENTS_MS = 5000; // between two refreshes, if nothing happens and events would tell
const WITHOUT_EVENTS_MS = 2000;
const HIDDEN_MS = 10000;
const LEAST_MS = 1000; // between two refreshes, whatever happens
const SILENCE_MS = 10000; // without an answer: the red bar
const ANSWER_MS = 20000; // a ping is waited for 10 s, and 100,000 destinations are looked at for the first time in some
const EVENTS_AGAIN_MS = 15000;

const at = (id) => document.getElementById(id);

/** Return an element with properties and children; a child that is no element is text, never markup. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "role") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Return a cell, with the role that a table has anyway: laid out as a card it would lose it. */
const cell = (name, ...children) => make("td", { className: name, role: "cell" }, ...children);

/** Set a text if it is another one: what is unchanged is not laid out anew. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// --- words ---------------------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, "0");
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
const counted = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** Return how long something takes, in its largest unit: "4 min". */
function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h`;
  return `${counted(Math.floor(whole / 86400))} d`;
}

/** Return a time of day, with the date if it is not today's; epoch is in seconds. */
function moment(epoch, withSeconds = true) {
  const time = new Date(epoch * 1000);
  const day = time.toDateString() === new Date().toDateString()
    ? "" : `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} `;
  const seconds = withSeconds ? `:${two(time.getSeconds())}` : "";
  return `${day}${two(time.getHours())}:${two(time.getMinutes())}${seconds}`;
}

const timeElement = (epoch) =>
  make("time", { dateTime: new Date(epoch * 1000).toISOString() }, moment(epoch));

const milliseconds = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

/** Return seconds of "90m", "1h30m" or "2d"; 0 for "no end"; NaN for anything else. */
function secondsOf(text) {
  const compact = text.toLowerCase().replace(/\s+/g, "");
  if (compact === "noend") return 0;
  if (!/^(\d+(s|m|min|h|d|w))+$/.test(compact)) return NaN;
  const units = { s: 1, m: 60, min: 60, h: 3600, d: 86400, w: 604800 };
  let sum = 0;
  for (const [, number, unit] of compact.matchAll(/(\d+)(min|[smhdw])/g)) sum += number * units[unit];
  return sum || NaN;
}

/** Return why a destination is up or down: how its last ping ended, or its targets are, and what is wrong with its DNS. */
function verdict({ reason, name, cluster }) {
  const more = [[name?.fault, "DNS: "], [cluster?.decision, ""]].filter(([text]) => text && !reason.includes(text));
  return [reason, ...more.map(([text, what]) => `${what}${text}`)].join(" · ");
}

/** Return why a destination is as it is: who took it out, why and until when, or how the last ping ended. */
function why(row) {
  if (row.admin === "ready") return verdict(row);
  const until = row.until ? `until ${moment(row.until, false)}` : "until it is set ready";
  return [`${row.by || "somebody"}: ${row.why || "no reason given"}, ${until}`, verdict(row)].filter(Boolean).join(" · ");
}

// --- the server ----------------------------------------------------------------------------------------

/** No answer came. */
class Silence extends Error {}

/** The server refused, with a sentence of its own; isForToken if the token would help. */
class Refusal extends Error {
  constructor(sentence, isForToken = false) {
    super(sentence);
    this.isForToken = isForToken;
  }
}

async function post(calls, headers) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Keepalive": "1", ...headers },
    body: JSON.stringify(calls),
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),
  };
  let response, text;
  try {
    // By location: fetch refuses an address with a password, which the document's own may have behind a proxy.
    response = await fetch(new URL("RPC", location.href), options);
    text = await response.text();
  } catch (error) {
    throw new Silence(error.message);
  }
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    if (response.status >= 502 && response.status <= 504) throw new Silence(`HTTP ${response.status}`);
    const sentence = text.trim().slice(0, 300) || `HTTP ${response.status}`;
    throw new Refusal(sentence, response.status === 401);
  }
  if (!Array.isArray(answer) && answer.error) throw refusalOf(answer.error, response.status);
  return answer;
}

const refusalOf = (error, status = 200) => new Refusal(String(error.message), status === 401);

/** Ask for several things at once; return a result or a Refusal for each. Throws Silence, Refusal. */
async function ask(asked) {
  const calls = asked.map(([method, params], id) => ({ jsonrpc: "2.0", id, method: `keepalive.${method}`, params }));
  const answers = new Map((await post(calls, {})).map((each) => [each.id, each]));
  return calls.map(({ id }) => {
    const answer = answers.get(id);
    if (!answer) return new Refusal("no answer to this");
    return answer.error ? refusalOf(answer.error) : answer.result;
  });
}

/** Have the server change something; return what it says. Throws Silence, Refusal. */
async function change(method, params) {
  const call = { jsonrpc: "2.0", id: 1, method: `keepalive.${method}`, params };
  const answer = await post(call, token.header());
  return answer.result;
}

/** Who changes things over TCP; known to this tab, until it is closed. */
const token = {
  header() {
    const secret = sessionStorage.getItem("keepalive-token");
    if (!secret) return {};
    const name = sessionStorage.getItem("keepalive-name") || "";
    const bytes = new TextEncoder().encode(`${name.replaceAll(":", "")}:${secret}`);
    return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  },
  keep(name, secret) {
    sessionStorage.setItem("keepalive-name", name);
    sessionStorage.setItem("keepalive-token", secret);
  },
  forget: () => sessionStorage.removeItem("keepalive-token"),
};

// --- a destination's row -------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function drawing(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Return the strokes of the last pings, a path of the answered and one of the lost; the newest is at the right. */
function strokes(samples) {
  const paths = { answered: "", lost: "" };
  samples.slice(-SAMPLES).forEach((sample, index, all) => {
    const x = 2 * (SAMPLES - all.length + index) + 2;
    // A second fills the height; by the logarithm 5 ms and 50 ms are told apart too.
    const height = sample === null ? 20 : Math.min(20, Math.max(1.5, (20 * Math.log10(1 + sample)) / 3));
    paths[sample === null ? "lost" : "answered"] += `M${x} 20v-${height.toFixed(1)}`;
  });
  return paths;
}

function strokesInWords(samples) {
  const answered = samples.filter((sample) => sample !== null);
  const lost = `last ${samples.length} pings: ${samples.length - answered.length} lost`;
  if (!answered.length) return lost;
  return `${lost}, ${milliseconds(Math.min(...answered))} to ${milliseconds(Math.max(...answered))} ms`;
}

/** Fill a cell with the buttons of what can be done now; who was on one that goes finds himself on another element. */
function offer(actions, uri, wanted, otherwise) {
  if (actions.dataset.offered === wanted.join()) return;
  actions.dataset.offered = wanted.join();
  const hadFocus = actions.contains(document.activeElement);
  actions.replaceChildren(...wanted.map((action) => {
    const button = make("button", { type: "button", ariaLabel: `${action} ${uri}` }, action);
    button.dataset.action = action;
    return button;
  }));
  if (hadFocus) (otherwise ?? actions.firstElementChild)?.focus();
}

const offered = (admin) => ["ping", ...MODES.filter((mode) => mode !== admin)];

const HEADS = ["State", "Target", "Priority", "Weight", "Since", "ms", "Lost", "From", "Why", "Do"];

/** The targets of a name, in the details of its row: each stays where it is while they are shown anew. */
class Targets {
  constructor() {
    this.rows = new Map(); // by keys
    this.body = make("tbody", { role: "rowgroup" });
    this.table = make("table", { className: "targets", role: "table", ariaLabel: "targets", hidden: true },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
        ...HEADS.map((head) => make("th", { role: "columnheader", scope: "col" }, head)))), this.body);
  }

  /** Show these, as keepalive.info has them. */
  show(targets) {
    const wanted = targets.map((each) => this._row(each));
    const { children } = this.body;
    if (wanted.length !== children.length || wanted.some((row, index) => row !== children[index])) {
      keepingFocus(() => this.body.replaceChildren(...wanted));
    }
    const keys = new Set(targets.map((each) => each.target));
    for (const key of [...this.rows.keys()]) if (!keys.has(key)) this.rows.delete(key);
    this.table.hidden = !targets.length;
  }

  _row(known) {
    let row = this.rows.get(known.target);
    if (!row) {
      row = make("tr", { role: "row" }, make("td", { role: "cell", className: "state" }),
        make("th", { role: "rowheader", scope: "row" }), ...Array.from({ length: 8 }, () => cell("")));
      row.lastElementChild.className = "actions";
      for (const words of [row.children[7], row.children[8]]) words.className = "words";
      HEADS.slice(2, 7).forEach((head, index) => { row.children[index + 2].dataset.head = head; }); // a phone shows no heads
      this.rows.set(known.target, row);
    }
    row.known = { destination: known.target, uri: known.target };
    row.className = `target ${known.shown}`;
    const isOut = known.shown === "drain" || known.shown === "maint";
    const words = [
      `${SHOWN[known.shown] ?? "–"} ${known.shown}${isOut ? ` (${known.state})` : ""}`,
      `${known.address}:${known.port}${known.transport ? ` ${known.transport}` : ""}`,
      known.priority, known.weight, known.since ? span(list.at - known.since) : "–",
      known.latency_ms ? milliseconds(known.latency_ms) : "", `${known.loss} %`,
      known.kept ? "no more in DNS" : known.record, verdict(known),
    ];
    words.forEach((word, index) => say(row.children[index], String(word)));
    row.children[1].title = known.target;
    offer(row.lastElementChild, known.target, offered(known.admin));
    return row;
  }
}

class Row {
  /** A destination on the page, as the server told of it at first. */
  constructor(known) {
    this.key = known.destination;
    this.isOpen = false;
    this.elements = null; // only of rows that are near the screen
    this.known = known;
  }

  /** Take what the server says now; null: it monitors this destination no more. */
  update(known) {
    this.known = known ?? { ...this.known, shown: "gone", admin: "ready", reason: "not monitored any more", name: null };
    if (this.elements) this._show();
  }

  /** Return the table's rows of it, made if there are none. */
  build() {
    if (!this.elements) {
      this._make();
      this._show();
    }
    return this.detail ? [this.elements.row, this.detail] : [this.elements.row];
  }

  /** Forget the elements; what is known stays. */
  drop() {
    this.elements = this.detail = null;
  }

  get button() {
    return this.elements?.open;
  }

  _make() {
    const svg = drawing("svg", { class: "last", viewBox: "0 0 102 20", role: "img", preserveAspectRatio: "none" });
    const paths = { answered: drawing("path", { class: "answered" }), lost: drawing("path", { class: "lost" }) };
    svg.append(paths.answered, paths.lost);
    const sign = make("span", { className: "sign", "aria-hidden": "true" });
    const word = make("span");
    const health = make("small");
    const open = make("button", { type: "button", ariaExpanded: "false" }, make("span", {}, this.known.uri));
    open.title = this.known.uri;
    const alive = make("small", { className: "alive" });
    const cells = {
      state: cell("state", sign, " ", word, health),
      destination: make("th", { className: "destination", role: "rowheader", scope: "row" }, open, alive),
      group: cell("group"), since: cell("since"), why: cell("why", make("div")), latency: cell("latency"),
      last: cell("last", svg), actions: cell("actions"),
    };
    const row = make("tr", { className: "row", role: "row" }, ...Object.values(cells));
    row.dataset.key = this.key;
    this.elements = { row, cells, sign, word, health, open, alive, svg, paths };
    if (this.isOpen) this._openDetail();
  }

  _show() {
    const { known, elements: { row, cells, sign, word, health, alive, svg, paths } } = this;
    const isOut = known.shown === "drain" || known.shown === "maint";
    // What it is counted as may be a second old, its state is not.
    const shown = isOut || known.shown === "gone" ? known.shown : known.state;
    row.className = `row ${shown}`;
    say(sign, SHOWN[shown] ?? "–");
    say(word, shown);
    say(health, isOut && known.state !== "unknown" ? ` (${known.state})` : "");
    const texts = {
      group: known.groups.join(", "),
      since: known.since ? span(list.at - known.since) : "–",
      why: why(known),
      latency: known.latency_ms ? milliseconds(known.latency_ms) : "",
    };
    for (const [name, text] of Object.entries(texts)) {
      say(cells[name].firstElementChild ?? cells[name], text);
      const title = { since: known.since ? `since ${moment(known.since)}` : "", latency: "" }[name] ?? text;
      if (cells[name].title !== title) cells[name].title = title;
    }
    const drawn = known.samples.join();
    if (drawn !== this.drawn || !paths.answered.hasAttribute("d")) {
      this.drawn = drawn;
      const { answered, lost } = strokes(known.samples);
      paths.answered.setAttribute("d", answered);
      paths.lost.setAttribute("d", lost);
      svg.setAttribute("aria-label", known.name ? "its targets are pinged" : strokesInWords(known.samples));
    }
    const { name } = known;
    say(alive, name ? (name.targets ? `${name.alive}/${name.targets}` : "no target") : "");
    alive.title = name ? `${name.alive} of ${name.targets} targets alive` : "";
    alive.className = name && (name.fault || name.alive < name.targets) ? "alive drain" : "alive";
    offer(cells.actions, known.uri, known.shown === "gone" ? [] : offered(known.admin), this.elements.open);
  }

  /** Show or hide what is known of it. */
  toggle() {
    this.isOpen = !this.isOpen;
    this.elements.open.ariaExpanded = String(this.isOpen);
    if (this.isOpen) {
      this._openDetail();
      this.elements.row.after(this.detail);
      live.wake();
    } else {
      this.detail.remove();
      this.detail = null;
    }
  }

  _openDetail() {
    this.elements.open.ariaExpanded = "true";
    this.elements.known = make("dl", { className: "known" });
    this.elements.day = make("div", { className: "day" });
    this.elements.history = make("ol", { className: "history", ariaLabel: `last changes of ${this.known.uri}` });
    this.elements.targets = new Targets();
    const wide = cell("", this.elements.known, this.elements.targets.table, this.elements.day, this.elements.history);
    wide.colSpan = 8;
    this.detail = make("tr", { className: "detail", role: "row" }, wide);
    if (this.information) this.inform(this.information);
    else this.elements.history.append(make("li", {}, "asking …"));
  }

  /** Show all that is known of it (keepalive.info), or why that can't be known. */
  inform(information) {
    this.information = information;
    if (!this.detail) return;
    if (information instanceof Refusal) {
      this.elements.known.replaceChildren();
      this.elements.targets.show([]);
      this.elements.day.replaceChildren();
      this.elements.history.replaceChildren(make("li", {}, information.message));
      return;
    }
    const written = JSON.stringify([information, Math.floor(list.at / 60)]);
    if (written === this.elements.history.dataset.of) return;
    this.elements.history.dataset.of = written;
    this.elements.known.replaceChildren(...facts(information).map(([name, text]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, text))));
    this.elements.targets.show(information.targets);
    this.elements.day.replaceChildren(...dayOf(information.availability));
    this.elements.history.replaceChildren(...[...information.history].reverse().map((each) =>
      make("li", {}, timeElement(each.at), ` ${each.from} → ${each.to}: ${each.reason}`)));
    if (!information.history.length) this.elements.history.append(make("li", {}, "no change since it was registered"));
  }
}

/** Return what is worth knowing of keepalive.info(), as names and texts. */
function facts(info) {
  const ago = (epoch) => (epoch ? `${span(list.at - epoch)} ago` : "never");
  const owners = Object.entries(info.owners).map(([name, owner]) => (owner.group ? `${name} (${owner.group})` : name));
  const options = Object.entries(info.options).map(([name, value]) => `${name} ${value}`);
  const { admin, latency_ms: latency } = info;
  const ping = `${info.last_result || "none"}${info.last_code ? ` (${info.last_code})` : ""}, ${ago(info.last_checked)}`;
  const { targets, resolution } = info;
  const isName = resolution.asked !== undefined; // and is not pinged itself
  const asked = `asked ${ago(resolution.asked)}${resolution.fault ? `: ${resolution.fault}` : ""}`;
  const alive = targets.filter((each) => each.alive).length;
  const order = `${admin.mode} by ${admin.by || "somebody"}: ${admin.why || "no reason given"}`;
  return [
    ["key", info.destination],
    ["owners", owners.join(", ")],
    ["state", `${info.state}, since ${moment(info.since)}`, info.since],
    ["order", `${order}, since ${moment(admin.since)}`, admin.mode !== "ready"],
    ["not pinged", info.not_pinged_because, info.not_pinged_because],
    ["tracks", info.tracks, info.tracks],
    ["tracked by", counted(info.tracked_by), info.tracked_by],
    ["cluster", info.cluster?.decision, Boolean(info.cluster?.decision)],
    ["words", wordsOf(info.cluster), wordsOf(info.cluster)],
    ["held by", info.held.join(", "), info.held.length],
    ["targets", `${alive} of ${targets.length} alive`, isName],
    ["DNS", `${asked}, answered ${ago(resolution.answered)}`, isName],
    ["left out", resolution.left_out, Boolean(resolution.left_out)],
    ["last ping", ping, !isName],
    ["pings", ["ok", "failed", "timeouts", "void"].map((name) => `${name} ${counted(info[name])}`).join(", "), !isName],
    ["in a row", `${Math.abs(info.consecutive)} ${info.consecutive < 0 ? "failed" : "ok"} (rise ${info.rise}, fall ${info.fall})`, !isName],
    ["latency", `p50 ${milliseconds(latency.p50)}, p95 ${milliseconds(latency.p95)}, max ${milliseconds(latency.max)} ms`, !isName],
    ["lost", `${info.loss.percent} % of the last ${SAMPLES}; ${counted(info.loss.resent)} answered when resent`, !isName],
    ...["1h", "24h", "30d"].filter((time) => info.availability?.[time]).map((time) =>
      [`last ${time}`, availabilityInWords(info.availability[time])]),
    ["calls", `ok ${counted(info.calls.ok)}, failed ${counted(info.calls.failed)}`, info.calls.ok || info.calls.failed],
    ["options", options.join(", "), options.length],
  ].filter(([, , isWorth = true]) => isWorth).map(([name, text]) => [name, text]);
}

/** Return what each node of a cluster says of a destination. */
function wordsOf(cluster) {
  return Object.entries(cluster?.words ?? {}).map(([node, { word, reason, counts }]) =>
    `${node} ${word}${reason ? `: ${reason}` : ""}${counts ? "" : " (does not count)"}`).join(", ");
}

/** Return the strip of the last 24 hours, a stroke each quarter of an hour, with the worst state in it. */
function dayOf(availability) {
  if (!availability) return [];
  const hours = { u: 0, d: 0 };
  const paths = { u: "", d: "" };
  [...availability.strip].forEach((state, index) => {
    if (!(state in paths)) return;
    hours[state] += 0.25;
    paths[state] += `M${3 * index + 1.5} 0v16`;
  });
  const label = `last 24 hours: down in ${hours.d} h, up in ${hours.u} h, the rest was not measured`;
  const svg = drawing("svg", {
    class: "day", viewBox: `0 0 ${3 * availability.strip.length} 16`, role: "img", "aria-label": label,
    preserveAspectRatio: "none",
  });
  svg.append(drawing("path", { class: "up", d: paths.u }), drawing("path", { class: "down", d: paths.d }));
  return [make("span", {}, "24 h ago"), svg, make("span", {}, "now")];
}

/** Return how much of a time it was up: "99.95 %, 2 outages". */
function availabilityInWords({ percent, outages, voids }) {
  if (percent === null) return "not measured";
  const times = `${counted(outages)} ${outages === 1 ? "outage" : "outages"}`;
  return [`${percent} % up`, times, voids && `${counted(voids)} void`].filter(Boolean).join(", ");
}

// --- the list ------------------------------------------------------------------------------------------

/** A hundred rows, whose elements are made when they come near the screen and dropped when they are gone. */
class Page {
  constructor(rows, first) {
    this.rows = rows;
    this.first = first;
    this.body = make("tbody", { role: "rowgroup" });
    this.isFilled = false;
    this.body.page = this;
  }

  fill() {
    if (this.isFilled) return;
    this.isFilled = true;
    this.body.replaceChildren(...this.rows.flatMap((row) => row.build()));
    this.rows.forEach((row, index) => row.elements.row.setAttribute("aria-rowindex", this.first + index + 2));
  }

  /** Leave a gap of the same height; what has the focus stays. */
  empty() {
    if (!this.isFilled || this.body.contains(document.activeElement)) return;
    this.isFilled = false;
    const gap = cell("");
    gap.colSpan = 8;
    gap.style.height = `${this.body.offsetHeight}px`;
    this.rows.forEach((row) => row.drop());
    this.body.replaceChildren(make("tr", { className: "spacer", role: "presentation" }, gap));
  }
}

const list = {
  at: 0, // the server's time, in epoch seconds
  query: { sort: "worst", group: "", state: "", search: "", names: "" },
  rows: new Map(), // by keys, in the order in which they are shown
  pages: [],
  total: 0, // that match the query
  isWhole: false, // whether all that matched are there
  isLoading: false,
  asked: 0, // how often the order was asked for: an older answer is dropped
  sorted: 0, // the server's time then
  downSince: new Map(), // who was down then, and since when
  refreshed: new Set(), // whose rows were asked for

  /** Ask for the order anew. */
  async sort({ focusFirst = false } = {}) {
    const asked = ++this.asked;
    this.isLoading = true;
    const [view, down] = await answered([["view", { ...this.query, from: 0, count: PAGE_ROWS, partial: true }], this._newlyDown()]);
    if (asked !== this.asked) return;
    this.isLoading = false;
    if (!view || down instanceof Refusal) return;
    this.isPartial = !view.complete;
    this.sorted = Math.floor(view.at);
    this.downSince = new Map(down.rows.map((row) => [row.destination, row.since]));
    keepingFocus(() => this._replace(view));
    if (focusFirst) {
      scrollTo(0, 0);
      this.first?.button?.focus({ preventScroll: true });
    }
    groups.show(view, true);
    this._announce(0, 0);
  },

  _replace(view) {
    const before = this.rows;
    for (const page of this.pages) {
      near.unobserve(page.body);
      page.body.remove();
    }
    this.pages = [];
    this.rows = new Map();
    this._append(view, before);
  },

  /** Ask for the next hundred. */
  async more() {
    if (this.isLoading || this.isWhole || !this.rows.size) return;
    const asked = this.asked;
    this.isLoading = true;
    const [view] = await answered([["view", { ...this.query, from: this.rows.size, count: PAGE_ROWS, partial: true }]]);
    if (asked !== this.asked) return;
    this.isLoading = false;
    if (view) this._append(view, this.rows);
  },

  get first() { return this.rows.values().next().value; },

  /** Add rows below, without those that are there. */
  _append(view, before) {
    this.at = view.at;
    const rows = view.rows.filter((each) => !this.rows.has(each.destination)).map((each) => {
      const row = before.get(each.destination) ?? new Row(each);
      row.update(each);
      return row;
    });
    if (rows.length) {
      const page = new Page(rows, this.rows.size);
      for (const row of rows) this.rows.set(row.key, row);
      this.pages.push(page);
      page.fill();
      at("list").append(page.body);
      near.observe(page.body);
    }
    this.total = view.total;
    this.isWhole = !rows.length || this.rows.size >= view.total;
    this._showEnd();
    nearEnd.unobserve(at("end")); // if it is still near the screen it is told so again
    nearEnd.observe(at("end"));
  },

  /** The question for whoever went down last, of all that the group and the search let through. */
  _newlyDown() {
    const { group, search } = this.query;
    return ["view", { group, search, state: "down", sort: "since", from: 0, count: MOST_TROUBLE, partial: true }];
  },

  /** What to ask for a refresh: who went down, how many match, and the rows that are near the screen. */
  questions() {
    const keys = this.pages.filter((page) => page.isFilled).flatMap((page) => page.rows.map((row) => row.key));
    this.refreshed = new Set(keys);
    const questions = [this._newlyDown(), ["view", { ...this.query, from: 0, count: 0, partial: true }]];
    for (let from = 0; from < keys.length; from += MOST_REFRESHED) {
      const destinations = keys.slice(from, from + MOST_REFRESHED);
      questions.push(["view", { destinations, from: 0, count: MOST_REFRESHED, partial: true }]);
    }
    return questions;
  },

  /** Show what the answers to questions() say, each row where it is. */
  refresh(down, matching, ...views) {
    this.at = matching.at;
    this.total = matching.total;
    const known = new Map(views.flatMap((view) => view.rows).map((row) => [row.destination, row]));
    for (const key of this.refreshed) this.rows.get(key)?.update(known.get(key) ?? null);
    const fresh = down.rows.filter(({ destination, since }) =>
      since >= this.sorted && this.downSince.get(destination) !== since);
    this._announce(fresh.length, this.isWhole ? this.total - this.rows.size : 0);
    this._showEnd();
    if (this.isPartial) void this.sort(); // the server is just reading thousands of destinations
  },

  /** Say that there is more than is shown in its place; the list is changed only if one asks. */
  _announce(down, added) {
    const parts = [
      down > 0 && `${down >= MOST_TROUBLE ? "100 or more" : down} more down`, added > 0 && `${counted(added)} new`,
    ];
    const text = parts.filter(Boolean).join(", ");
    at("trouble").hidden = !text;
    if (text) say(at("trouble").firstElementChild, `${text}:`);
  },

  _showEnd() {
    const shown = this.rows.size;
    const isFiltered = this.query.group || this.query.state || this.query.search || this.query.names;
    at("list").setAttribute("aria-rowcount", this.total + 1);
    if (this.isPartial) say(at("end"), `${counted(shown)} shown; the server is reading its destinations`);
    else if (!shown) say(at("end"), isFiltered ? "nothing matches" : "no destination is monitored");
    else {
      const hint = this.isWhole ? "" : ": scroll for more, or search";
      say(at("end"), `${counted(shown)} of ${counted(Math.max(shown, this.total))}${hint}`);
    }
  },

  /** Ask with another filter or order. */
  find(changed) {
    Object.assign(this.query, changed);
    showQuery();
    return this.sort();
  },
};

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) target.page.fill();
    else target.page.empty();
  }
}, { rootMargin: "600px 0px" });

const nearEnd = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) list.more();
}, { rootMargin: "1200px 0px" });

// --- the head, the groups, the news --------------------------------------------------------------------

const head = {
  begin() {
    at("counts").append(...Object.entries(SHOWN).map(([shown, sign]) => {
      const button = make("button", { type: "button", className: shown },
        make("span", { className: "sign", "aria-hidden": "true" }, sign), " ", make("span"));
      button.dataset.shown = shown;
      button.addEventListener("click", () => list.find({ state: list.query.state === shown ? "" : shown }));
      return button;
    }));
    at("names").append(...NAMES.map((which) => {
      const button = make("button", { type: "button", className: which === "all" ? "" : "drain" });
      button.dataset.names = which;
      button.addEventListener("click", () => list.find({ names: list.query.names === which ? "" : which }));
      return button;
    }));
  },

  /** Say how many destinations are names, which is a filter, too: of all, of some that are not as they should be. */
  _showNames({ names, targets }) {
    at("names").hidden = !names.total && !list.query.names;
    const words = {
      all: `${counted(names.total)} names, ${counted(targets.up)} of ${counted(sum(Object.values(targets)))} targets up`,
      dead: `${counted(names.dead)} with targets down`,
      failing: `DNS fails for ${counted(names.failing)}`,
    };
    for (const button of at("names").children) {
      const which = button.dataset.names;
      say(button, words[which]);
      button.hidden = which !== "all" && !names[which] && list.query.names !== which;
    }
  },

  /** Say how the nodes of the cluster are, if there is one. */
  _showCluster(cluster) {
    at("cluster").hidden = !cluster;
    if (!cluster) return;
    const nodes = Object.entries(cluster.nodes);
    const { trouble } = cluster;
    const live = nodes.filter(([, node]) => node.live).length;
    at("cluster").classList.toggle("ill", trouble.length > 0);
    const more = trouble.length > 1 ? `, and ${trouble.length - 1} more` : "";
    say(at("cluster").firstElementChild, `${live} of ${nodes.length} nodes live${trouble.length ? `: ${trouble[0]}${more}` : ""}`);
    const lines = nodes.map(([name, { state, heard_ago: ago }]) =>
      `${name}: ${name === cluster.node ? `${state}, this node` : `${state}${ago === null ? "" : `, heard ${span(ago)} ago`}`}`);
    const owned = `this node owns ${counted(cluster.owns)}, ${counted(cluster.doubted)} in doubt, ${counted(cluster.alone)} that it alone can't reach`;
    const items = at("cluster").lastElementChild;
    const shown = [...lines, owned, ...trouble];
    while (items.children.length > shown.length) items.lastElementChild.remove();
    shown.forEach((line, index) => say(items.children[index] ?? items.appendChild(make("li")), line)); // what is marked stays
  },

  show(view) {
    for (const button of at("counts").children) {
      const { shown } = button.dataset;
      say(button.lastElementChild, `${counted(view.counts[shown])} ${shown}`);
      button.classList.toggle("none", !view.counts[shown]);
    }
    this._showNames(view);
    this._showCluster(view.cluster);
    const { down } = view.counts;
    const name = `KeepAlive ${view.server ? `@${view.server}` : ""}`.trim();
    document.title = down ? `(${counted(down)} down) ${name}` : name;
    say(at("server"), view.server ? `@${view.server}` : "");
    at("server").title = `version ${view.version}`;
    if (view.version !== (this.version ??= view.version)) tell("The server has another version now: load this page again.");
    icon(down ? "#d93025" : "#188038");
    const isOff = view.paused || !view.enabled;
    at("pings").className = isOff ? "off" : "";
    say(at("pings"), `pings: ${view.enabled ? (view.paused ? "PAUSED" : "on") : "OFF (enabled=0)"} ·`);
  },
};

function icon(colour) {
  const image = `<svg xmlns="${SVG}" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${colour}"/></svg>`;
  const address = `data:image/svg+xml,${encodeURIComponent(image)}`;
  if (at("icon").href !== address) at("icon").href = address;
}

const groups = {
  order: [],
  isWide: false,
  names: "",
  askAgain: 0,

  begin() {
    at("groups").lastElementChild.addEventListener("click", () => {
      this.isWide = !this.isWide;
      this.show(this.view);
    });
  },

  /** Show the groups, in the order that they had if isSorted is not set. */
  show(view, isSorted = false) {
    this.view = view;
    const found = new Map(view.groups.map((group) => [group.name, group]));
    if (isSorted || this.order.some((name) => !found.has(name)) || this.order.length !== found.size) {
      this.order = [...found.keys()];
    }
    at("groups").hidden = !found.size;
    const shown = this.order.slice(0, this.isWide ? undefined : FEW_GROUPS);
    const items = at("groups").firstElementChild;
    const there = new Map([...items.children].map((item) => [item.dataset.name, item]));
    const wanted = shown.map((name) => there.get(name) ?? this._item(name));
    if (wanted.some((item, index) => items.children[index] !== item) || items.children.length !== wanted.length) {
      keepingFocus(() => items.replaceChildren(...wanted));
    }
    wanted.forEach((item) => this._update(item, found.get(item.dataset.name)));
    const button = at("groups").lastElementChild;
    const total = view.groups_total ?? found.size;
    button.hidden = this.order.length <= FEW_GROUPS;
    button.ariaExpanded = String(this.isWide);
    const more = total > this.order.length ? `${counted(this.order.length)} of ${counted(total)}` : `all ${counted(total)}`;
    say(button, this.isWide ? "fewer groups" : `${more} groups`);
    if (total > found.size) this._askAll();
    else this._choices([...found.keys()]);
  },

  /** Have all names as a choice, if a view has not all groups. */
  async _askAll() {
    if (performance.now() < this.askAgain) return;
    this.askAgain = performance.now() + ALL_GROUPS_MS;
    const [all] = await answered([["groups", {}]]);
    if (all) this._choices(all.map((group) => group.name));
  },

  _item(name) {
    const button = make("button", { type: "button" }, make("b", { title: name }, name), make("span"));
    button.addEventListener("click", () => list.find({ group: list.query.group === name ? "" : name }));
    const item = make("li", {}, button);
    item.dataset.name = name;
    return item;
  },

  _update(item, group) {
    const button = item.firstElementChild;
    const [shown, text] = groupInWords(group);
    button.className = shown;
    button.ariaPressed = String(list.query.group === group.name);
    say(button.lastElementChild, text);
  },

  /** Offer these groups as a filter. */
  _choices(names) {
    names.sort();
    if (list.query.group && !names.includes(list.query.group)) names.push(list.query.group);
    const choice = at("query").elements.group;
    if (this.names !== names.join("\n")) {
      this.names = names.join("\n");
      choice.replaceChildren(make("option", { value: "" }, "all groups"),
        ...names.map((name) => make("option", { value: name }, name)));
    }
    choice.value = list.query.group;
  },
};

/** Return a group's class, and how many of it are alive, with a sign: none, some or all. */
function groupInWords(group) {
  const held = group.held ? ", held by group_min_alive" : "";
  const members = counted(group.members);
  if (!group.alive) return ["down", `▼ none of ${members} alive${held}`];
  if (group.alive < group.members) return ["drain", `◐ ${counted(group.alive)} of ${members} alive${held}`];
  return ["up", `● ${counted(group.alive)} alive${held}`];
}

/** Do something to elements; what had the focus has it again, or the list if that is gone. */
function keepingFocus(action) {
  const focused = document.activeElement;
  action();
  if (focused === document.activeElement || focused === document.body) return;
  (focused.isConnected ? focused : at("list")).focus({ preventScroll: true });
}

const news = {
  number: null, // of the newest change that was spoken of

  show(changes, orders) {
    if (!(changes instanceof Refusal)) {
      const newest = [...changes.changes].sort((one, other) => other.number - one.number);
      this._fill(at("changes"), "last change", newest, changeInWords);
      this._speak(newest, changes.number);
    }
    if (!(orders instanceof Refusal)) {
      this._fill(at("orders"), "last order", orders, orderInWords);
    }
  },

  _fill(details, title, entries, words) {
    const [summary, items] = details.children;
    const written = JSON.stringify(entries);
    if (details.dataset.of === written) return;
    details.dataset.of = written;
    if (!entries.length) return;
    summary.replaceChildren(`${title}: `, timeElement(entries[0].at), ` ${words(entries[0])}`);
    items.replaceChildren(...entries.map((each) => make("li", {}, timeElement(each.at), ` ${words(each)}`)));
  },

  /** Have a screen reader say what changed since it spoke last. */
  _speak(newest, number) {
    const fresh = this.number === null ? [] : newest.filter((each) => each.number > this.number);
    this.number = number;
    if (!fresh.length) return;
    const words = fresh.length > 3
      ? `${fresh.length} or more changes, the last: ${changeInWords(fresh[0])}`
      : fresh.reverse().map(changeInWords).join(". ");
    at("spoken").textContent = words;
  },
};

const changeInWords = (each) => `${each.uri} ${each.from} → ${each.to}: ${each.reason}`;

function orderInWords(order) {
  const change = order.before || order.after ? ` ${order.before} → ${order.after}` : "";
  return `${order.by} (${order.from}): ${order.what}${change}`;
}

// --- orders --------------------------------------------------------------------------------------------

const EFFECTS = {
  ping: "A ping leaves now; its answer counts as any other.",
  drain: "It gets no new calls, and is pinged on. Its state is seen all the time.",
  maint: "It gets no calls, is not pinged, and is no alarm.",
  ready: "It is pinged, and gets calls if it is up.",
};
const DURATIONS = ["30m", "1h", "4h", "12h", "1d", "no end"];

const order = {
  begin() {
    const { duration } = this.fields;
    at("order-durations").append(...DURATIONS.map((text) => {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => { duration.value = text; this._showEnd(); this.fields.why.focus(); });
      return button;
    }));
    duration.addEventListener("input", () => this._showEnd());
    at("order").addEventListener("close", () => {
      // The button that opened it may be gone by now.
      if (document.activeElement === document.body) list.rows.get(this.job.known.destination)?.button?.focus();
    });
    at("order-cancel").addEventListener("click", () => at("order").close());
    at("order").firstElementChild.addEventListener("submit", (event) => { event.preventDefault(); this._go(); });
  },

  get fields() { return at("order").firstElementChild.elements; },

  /** Ask whether it is meant: nothing has happened yet. */
  open(action, known) {
    this.job = { action, known };
    at("result").hidden = true;
    const isTimed = action === "drain" || action === "maint";
    at("order").firstElementChild.reset();
    say(at("order-title"), `${action} ${known.uri}`);
    say(at("order-effect"), EFFECTS[action]);
    at("order-terms").hidden = at("order-terms").disabled = !isTimed;
    this.fields.duration.required = this.fields.why.required = isTimed;
    this._askToken(false);
    this._answer("");
    at("order-messages").replaceChildren();
    this._showEnd();
    say(at("order-go"), action === "ping" ? "ping now" : action);
    say(at("order-cancel"), "cancel");
    at("order-go").hidden = at("order-go").disabled = false;
    at("order").showModal();
    if (!isTimed) at("order-go").focus();
  },

  _showEnd() {
    const { duration } = this.fields;
    const length = secondsOf(duration.value);
    duration.setCustomValidity(duration.value && Number.isNaN(length) ? "as 30m, 1h30m, 2d, or: no end" : "");
    const end = length ? `until ${moment(Date.now() / 1000 + length, false)}` : "until somebody sets it ready";
    say(at("order-until"), Number.isNaN(length) ? "" : end);
  },

  _askToken(isWanted) {
    at("order-token").hidden = at("order-token").disabled = !isWanted;
    this.fields.token.required = isWanted;
    if (isWanted) {
      this.fields.name.value = sessionStorage.getItem("keepalive-name") || "";
      this.fields.token.value = "";
      this.fields.token.focus();
    }
  },

  _answer(text, isRefused = false) {
    at("order-answer").className = isRefused ? "refused" : "";
    say(at("order-answer"), text);
  },

  async _go() {
    if (at("order-go").disabled) return;
    const { job, fields } = this;
    if (!at("order-token").hidden) token.keep(fields.name.value.trim(), fields.token.value.trim());
    at("order-go").disabled = true;
    this._answer(job.action === "ping" ? "waiting for the answer …" : "…");
    try {
      this._done(await this._send(job), job);
    } catch (error) {
      this._refused(error, job);
    } finally {
      if (this._isOpenFor(job)) at("order-go").disabled = false;
      live.wake();
    }
  },

  _send({ action, known: { destination } }) {
    if (action === "ping") return change("ping_now", { destination, wait: true });
    const { duration, why: reason } = this.fields;
    const terms = action === "ready" ? {} : { until: secondsOf(duration.value), why: reason.value.trim() };
    return change("set_admin", { destination, mode: action, ...terms });
  },

  /** Show what came of it: where it was asked, or below if that is closed. */
  _done(result, job) {
    const sentence = job.action === "ping" ? pingInWords(result) : adminInWords(result);
    if (job.action !== "ping" || !this._isOpenFor(job)) {
      if (this._isOpenFor(job)) at("order").close();
      tell(`${job.known.uri} ${sentence}`);
      return;
    }
    this._askToken(false);
    this._answer(sentence);
    const ofName = (result.targets ?? []).map((each) => [
      `${each.target} ${pingInWords(each)}`, [each.request, each.reply].filter(Boolean).join("\n\n"),
    ]);
    const messages = [["request", result.request], ["reply", result.reply]].filter(([, text]) => text);
    at("order-messages").replaceChildren(...[...messages, ...ofName].map(([name, text]) => {
      const whole = make("pre", { tabIndex: 0, role: "region", ariaLabel: name }, text);
      return make("details", {}, make("summary", {}, name), whole);
    }));
    at("order-go").hidden = true;
    say(at("order-cancel"), "close");
    at("order-cancel").focus();
  },

  _refused(error, job) {
    const isSilence = error instanceof Silence;
    if (!isSilence && !(error instanceof Refusal)) throw error;
    const sentence = isSilence
      ? "The server does not answer: look at the list before you try again." : error.message;
    if (!this._isOpenFor(job)) {
      tell(`${job.known.uri}: ${sentence}`);
      return;
    }
    this._answer(sentence, true);
    if (error.isForToken) {
      token.forget();
      this._askToken(true);
    }
  },

  _isOpenFor(job) { return at("order").open && this.job === job; },
};

/** Return whether a ping says that it is alive, and how it ended. */
function pingInWords({ alive, reason, result }) {
  const verdict = alive ? `${SHOWN.up} alive` : alive === false ? `${SHOWN.down} not alive` : `${SHOWN.unknown} no verdict`;
  return `${verdict}: ${reason || result}`;
}

function adminInWords({ before, after }) {
  const words = ({ mode, until, by, why: reason }) => {
    if (mode === "ready") return mode;
    return `${mode}${until ? ` until ${moment(until, false)}` : ""} (${[by, reason].filter(Boolean).join(": ")})`;
  };
  return `${words(before)} → ${words(after)}`;
}

/** Show a sentence until the next one, or until it is closed. */
function tell(sentence) {
  at("result").hidden = false;
  say(at("result").firstElementChild, sentence);
}

// --- live ----------------------------------------------------------------------------------------------

/** Ask; a whole answer that is none is shown in the red bar. Returns results, none of it if there is no answer. */
async function answered(questions) {
  try {
    const results = await ask(questions);
    if (results[0] instanceof Refusal) throw results[0];
    live.answered();
    return results;
  } catch (error) {
    if (error instanceof Silence) live.failed();
    else if (error instanceof Refusal) live.refused(error.message);
    else throw error;
    return [];
  }
}

const live = {
  lastAnswer: Date.now(),
  unanswered: 0, // since when the server is asked in vain, 0 if it answers
  refusal: "",
  began: 0,
  isBusy: false,
  isWanted: false,
  timer: 0,
  events: null,

  /** Refresh as soon as that may be. */
  wake() {
    this.isWanted = true;
    this.plan();
  },

  plan() {
    if (this.isBusy) return;
    clearTimeout(this.timer);
    const usual = document.hidden ? HIDDEN_MS : this.hasEvents ? WITH_EVENTS_MS : WITHOUT_EVENTS_MS;
    const wait = this.began + (this.isWanted ? LEAST_MS : usual) - performance.now();
    this.timer = setTimeout(() => this.turn(), Math.max(0, wait));
  },

  /** Refresh what is on the screen. */
  async turn() {
    this.isBusy = true;
    this.isWanted = false;
    this.began = performance.now();
    try {
      await this._refresh();
    } finally {
      this.isBusy = false;
      this.plan();
    }
  },

  async _refresh() {
    if (!list.rows.size && !list.isLoading) await list.sort();
    const asked = list.asked;
    const views = list.questions();
    const open = [...list.rows.values()].filter((row) => row.detail).slice(0, MOST_OPEN);
    const answers = await answered([
      ...views, ["changes", { since: 0, count: 10 }], ["orders", { count: 10 }],
      ...open.map((row) => ["info", { destination: row.key }]),
    ]);
    if (!answers.length) return;
    const begins = performance.now();
    const seen = answers.splice(0, views.length);
    const [changes, orders, ...informations] = answers;
    if (asked === list.asked && !seen.some((each) => each instanceof Refusal)) list.refresh(...seen);
    head.show(seen[0]);
    groups.show(seen[0]);
    news.show(changes, orders);
    open.forEach((row, index) => row.inform(informations[index]));
    measure(begins);
  },

  get hasEvents() { return this.events?.readyState === EventSource.OPEN; },

  /** Listen to the server's events, while somebody looks: a browser has few connections to one host. */
  listen() {
    if (document.hidden || (this.events && this.events.readyState !== EventSource.CLOSED)) return;
    this.events = new EventSource("events");
    const wake = () => this.wake();
    for (const kind of ["hello", "change", "order", "pause", "gap"]) {
      this.events.addEventListener(kind, wake);
    }
    this.events.addEventListener("error", () => this.plan());
  },

  /** Somebody looks again, or no longer. */
  turnedTo() {
    if (document.hidden) {
      this.events?.close();
      this.events = null;
      return;
    }
    this.lastAnswer = Date.now(); // timers of a page that nobody saw slept
    this.listen();
    this.wake();
  },

  answered() {
    this.lastAnswer = Date.now();
    this.unanswered = 0;
    this.refusal = "";
    this.show();
  },

  failed() {
    this.unanswered ||= Date.now();
    this.show();
  },

  refused(sentence) {
    this.lastAnswer = Date.now();
    if (list.query.group) { // as of an old address: that group is gone
      list.query.group = "";
      showQuery();
      tell(`${sentence}; all groups are shown`);
      this.wake();
    } else this.refusal = sentence;
    this.show();
  },

  /** Show whether what is on the page can be trusted. */
  show() {
    const now = Date.now();
    const isAsking = this.isBusy && performance.now() - this.began > 2000;
    const isSilent = (this.unanswered || isAsking) && now - this.lastAnswer > SILENCE_MS;
    const alarm = isSilent
      ? `▼ The server has not answered since ${moment(this.lastAnswer / 1000)}: what is below is old.`
      : this.refusal && `The server refuses: ${this.refusal}`;
    document.body.classList.toggle("silent", Boolean(isSilent));
    at("alarm").hidden = !alarm;
    say(at("alarm"), alarm || "");
    if (isSilent) document.title = `(no answer) ${document.title.replace(/^\(.*?\) /, "")}`;
    if (isSilent) icon("#80868b");
    const age = ((now - this.lastAnswer) / 1000).toFixed(0);
    say(at("freshness"), isSilent ? "no answer" : `${this.hasEvents ? "live" : "polling"}, ${age} s ago`);
  },
};

function measure(begins) {
  performance.measure("refresh", { start: begins });
  if (performance.getEntriesByName("refresh").length > 100) performance.clearMeasures("refresh");
}

// --- what one does -------------------------------------------------------------------------------------

const USUAL = { ...list.query };

/** Show the query: in the address too, which can be sent to others, and outlives a reload. */
function showQuery() {
  const set = Object.entries(list.query).filter(([name, value]) => value !== USUAL[name]);
  history.replaceState(null, "", set.length ? `#${new URLSearchParams(set)}` : location.pathname + location.search);
  const fields = at("query").elements;
  fields.sort.value = list.query.sort;
  if (document.activeElement !== fields.search) fields.search.value = list.query.search;
  for (const button of at("counts").children) {
    button.ariaPressed = String(list.query.state === button.dataset.shown);
  }
  for (const button of at("names").children) button.ariaPressed = String(list.query.names === button.dataset.names);
}

/** Take the query that the address has. */
function recall() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const [name, usual] of Object.entries(USUAL)) list.query[name] = given.get(name) ?? usual;
  const { sort } = at("query").elements;
  if (![...sort.options].some((option) => option.value === list.query.sort)) list.query.sort = USUAL.sort;
  if (!(list.query.state in SHOWN)) list.query.state = "";
  if (!NAMES.includes(list.query.names)) list.query.names = "";
  showQuery();
}

const rowOf = (element) => list.rows.get(element.closest?.("tr.row")?.dataset.key);

function showTrouble() {
  Object.assign(list.query, { sort: "worst", state: "" });
  showQuery();
  return list.sort({ focusFirst: true });
}

/** Return what is known of the destination or target in whose row an element is; nothing of what is gone. */
function knownAt(element) {
  const known = element.closest?.("tr.target")?.known ?? rowOf(element)?.known;
  return known?.shown === "gone" ? undefined : known;
}

/** Go to the next or previous destination. */
function step(row, by) {
  const rows = [...list.rows.values()];
  const next = rows[rows.indexOf(row) + by];
  if (!next) {
    if (by > 0) list.more();
    return;
  }
  if (!next.elements) list.pages.find((page) => page.rows.includes(next)).fill();
  next.button.focus();
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  const isTyping = event.target.matches("input, select, textarea");
  const { search } = at("query").elements;
  if (event.key === "Escape" && event.target === search && search.value) list.find({ search: search.value = "" });
  if (isTyping) return;
  const row = rowOf(event.target);
  const onRow = row && {
    ArrowDown: () => step(row, 1), j: () => step(row, 1), ArrowUp: () => step(row, -1), k: () => step(row, -1),
  }[event.key];
  const known = knownAt(event.target);
  const action = known && { p: "ping", d: "drain", m: "maint", r: "ready" }[event.key];
  const anywhere = {
    "/": () => at("query").elements.search.select(), "?": () => at("help").showModal(),
    n: () => { if (!at("trouble").hidden) showTrouble(); },
    j: () => list.first?.button?.focus(),
  }[event.key];
  const wanted = action ? () => order.open(action, known) : onRow ?? anywhere;
  if (!wanted) return;
  event.preventDefault();
  wanted();
}

function begin() {
  head.begin();
  recall();
  groups.begin();
  order.begin();
  const { search, group, sort } = at("query").elements;
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => list.find({ search: search.value.trim() }), 250);
  });
  at("query").addEventListener("submit", (event) => event.preventDefault());
  group.addEventListener("change", () => list.find({ group: group.value }));
  sort.addEventListener("change", () => list.find({ sort: sort.value }));
  at("again").addEventListener("click", () => list.sort());
  at("keys").addEventListener("click", () => at("help").showModal());
  at("trouble").lastElementChild.addEventListener("click", showTrouble);
  at("result").lastElementChild.addEventListener("click", () => { at("result").hidden = true; });
  at("list").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.action) {
      const known = knownAt(button);
      if (known) order.open(button.dataset.action, known);
    } else rowOf(button)?.toggle();
  });
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => { recall(); list.sort(); });
  document.addEventListener("visibilitychange", () => live.turnedTo());
  setInterval(() => live.show(), 1000);
  setInterval(() => live.listen(), EVENTS_AGAIN_MS);
  live.listen();
  live.turn();
}

begin();
