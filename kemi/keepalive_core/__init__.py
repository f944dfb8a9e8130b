"""What lies behind keepalive.py, one room for each concern.

Pure rooms, which know nothing of Kamailio (text, time and results in, decisions out):

* ``uris``         what a destination is called, and which spellings are the same one
* ``quoting``      how what comes from outside stands in a log line
* ``checks``       what else may be said of a destination: names, numbers, values
* ``modes``        what an administrator says of it
* ``settings``     the parameters: names, units, limits, and whose word wins
* ``ways``         how pings travel: once or more often, to an address or a name, and for how long
* ``list_file``    a destination a line: the file's text, read
* ``replacing``    a list of destinations, and when it may take the place of another
* ``state_row``    what is kept of a destination over a restart, and whether it can be true
* ``state_format`` the state file's text, a line a destination
* ``reply_codes``  which codes count as alive
* ``health``       the rules: a result or a report comes in, a verdict goes out
* ``freshness``    how long a state stands without evidence
* ``news``         what the callbacks have heard of a destination
* ``rows``         what the rows of shared tables say, if they make sense
* ``calls``        what the replies to calls say of a destination
* ``guards``       what keeps a fleet from going down by our own fault, a flapping trunk from coming up
* ``shown``        what is_alive reads of a destination, all in one number, and what it answers
* ``rosters``      a group's members, the best first, and who of them answers
* ``lanes``        regular pings, and those out of turn, which have a budget
* ``listening``    when this server could not hear, and which silence is void by that
* ``sockets``      from which of this server's sockets a ping leaves, or why none will do
* ``schedule``     when each ping is due
* ``turns``        whether a destination's turn becomes a ping, and why it does not
* ``fleet``        the destinations of one prober, and what puts a ping of theirs forward or off
* ``remembered``   what a process remembers so as not to work it out again

Rooms that talk to Kamailio, the only ones that import KSR:

* ``shared_memory``  every table and queue that the processes share, key by key
* ``variables``      what kamailio.cfg defines and operators set
* ``kamailio_log``   every line of the log: its level, its length, how often it may come
* ``tm``             pings go out through the tm module
* ``answers``        what comes back of them
* ``callbacks``      who is told of a change, and how their code is run
* ``rpc``            Kamailio's own commands
* ``listeners``      at which sockets this server listens

Rooms that join the others:

* ``configuration``  the settings in force, from the script, kamailio.cfg and operators
* ``files``          regular files alone, read without waiting
* ``registrations``  one destination: all its rows, in all tables
* ``lists``          the list of kamailio.cfg and the list file, each as a whole
* ``registry``       destinations and their owners come and go, and the start
* ``results``        what a ping's result, or a report, does to its destination
* ``complaints``     what is told of replies and of tm that are not as they should be
* ``groups``         who of a group is alive, and that enough of them are answered for
* ``inspection``     whether what is written of destinations and groups is true
* ``uplinks``        many destinations behind one socket that fail together
* ``state_file``     what is known, over a restart
* ``information``    all that is known of a destination, for people and programs
* ``receive_queues`` whether somebody reads what arrives at this server's UDP sockets
* ``connections``    whether what a peer said over TCP or TLS waits to be read
* ``watch``          when this server hears nothing: it stands still, or its workers do not read
* ``housekeeping``   what a prober does once a second, beside its pings
* ``reloads``        a reload of the script that fails changes nothing
* ``host``           addresses and file descriptors, as the kernel has them now
* ``rehearsal``      whether a route of this server drops pings
* ``departures``     how the pings of a prober leave, and the addresses they need
* ``mending``        rows that were lost, or made no sense, are made anew
* ``prober``         the timer's tick: which pings leave now, which were never answered
"""
