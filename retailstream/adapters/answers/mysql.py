"""What MySQL, MariaDB, Aurora and the proxies before them answer, by the server's or the driver's code.

Codes below 2000 are of both servers unless said otherwise, 2000 to 2999 of the driver, 9000 and above of proxies.
"""

from __future__ import annotations

from typing import Final

from retailstream.adapters.answers.kinds import Answer, Reaction

_ALL: Final = "MariaDB, MySQL"
_PRIMARY: Final = "run the same command again; where the server stays read-only, name the primary in database.url"
_FEWER: Final = "run the same command again when fewer clients are connected"
_WHO: Final = "check user, password and database of database.url"
_RIGHTS: Final = "have an administrator grant the right to the user of database.url"
_PACKET: Final = "have max_allowed_packet of the server raised above that size"
_ROOM: Final = "make room on the server, and run the same command again"
_INSERTS: Final = "rows travel by INSERT"

ANSWERS: Final = (
    # What passes: the server or a proxy is away, changes hands, or others are in the way.
    Answer((0,), "driver", Reaction.AGAIN, "the connection is closed"),
    Answer((1040,), "MariaDB, MySQL, RDS Proxy", Reaction.AGAIN, "too many connections", _FEWER),
    Answer((1203,), _ALL, Reaction.AGAIN, "too many connections of this user", _FEWER),
    Answer((1226,), _ALL, Reaction.AGAIN, "too many connections of this user", _FEWER, where="max_user_connections"),
    Answer(
        (1226,),
        _ALL,
        Reaction.LATER,
        "the user's allowance for this hour is used up",
        "run the same command again later",
    ),
    Answer((1053, 1077, 1079), _ALL, Reaction.AGAIN, "the server is shutting down"),
    Answer((1152,), _ALL, Reaction.AGAIN, "the connection was broken off"),
    Answer((1158, 1160), _ALL, Reaction.AGAIN, "a network error"),
    Answer((1159, 1161), _ALL, Reaction.AGAIN, "a network timeout"),
    Answer((1205,), _ALL, Reaction.AGAIN, "a lock is held by another transaction"),
    Answer((1213,), "MariaDB, MySQL, Galera", Reaction.AGAIN, "a deadlock with another transaction"),
    Answer((1020,), "MariaDB from 11.6", Reaction.AGAIN, "another transaction changed the same row"),
    Answer((1412,), _ALL, Reaction.AGAIN, "another session changed a table's definition"),
    Answer((1637,), _ALL, Reaction.AGAIN, "too many transactions are at work"),
    Answer((1290,), "MariaDB, MySQL, Aurora", Reaction.AGAIN, "it is read-only", _PRIMARY, where="read[-_]only"),
    Answer((1792, 1836, 1874), "MariaDB, MySQL, Aurora", Reaction.AGAIN, "it is read-only", _PRIMARY),
    Answer((1105,), "Aurora", Reaction.AGAIN, "the server was restarted under us", where="please retry"),
    Answer((1047,), "Galera", Reaction.AGAIN, "the node is not ready", where="wsrep"),
    Answer((1317,), _ALL, Reaction.LATER, "an administrator ended our statement"),
    Answer((1927,), "MariaDB", Reaction.AGAIN, "the connection was killed"),
    Answer((3100, 3101), "MySQL", Reaction.AGAIN, "the group of servers gave the transaction up"),
    Answer((3032,), "MySQL", Reaction.AGAIN, "the server is in offline mode"),
    Answer((3168,), "MySQL", Reaction.AGAIN, "the server is not available"),
    Answer((3169,), "MySQL", Reaction.AGAIN, "the session was killed"),
    Answer((4031,), "MySQL", Reaction.AGAIN, "the server closed an idle connection"),
    Answer((2002, 2003), "driver", Reaction.AGAIN, "no connection"),
    Answer((2006,), "driver", Reaction.AGAIN, "the server has gone away"),
    Answer((2013, 2014, 2055), "driver", Reaction.AGAIN, "the connection was lost"),
    Answer((9001, 9002), "ProxySQL", Reaction.AGAIN, "no server answers behind the proxy"),
    Answer((9501,), "RDS Proxy", Reaction.AGAIN, "the proxy has no free connection"),
    # What only people can put right: who we are, and what we may do.
    Answer((1044, 1045, 1049, 1130, 1251, 1698, 1862), _ALL, Reaction.USER, "refuses us", _WHO),
    Answer((1820,), "MySQL", Reaction.USER, "refuses us", "set a new password for the user of database.url"),
    Answer((3118, 3955, 4151), _ALL, Reaction.USER, "refuses us", "have the account of database.url unlocked"),
    Answer((3159,), "MariaDB, MySQL, RDS Proxy", Reaction.USER, "refuses us", "ask for TLS: ssl=true in database.url"),
    Answer((1129,), _ALL, Reaction.USER, "refuses us", "have an administrator run mysqladmin flush-hosts"),
    Answer((1142, 1143, 1227, 1370), _ALL, Reaction.USER, "refuses us", _RIGHTS),
    Answer((2026,), "driver", Reaction.USER, "cannot be trusted", "check ssl and ssl_ca in database.url"),
    Answer((2059,), "driver", Reaction.USER, "refuses us", _WHO),
    # LOAD DATA LOCAL is switched off here or there, or the proxy has none.
    Answer((1148, 2068, 3948, 3950, 4166), _ALL, Reaction.OTHER_WAY, _INSERTS),
    Answer((1047,), "ProxySQL", Reaction.OTHER_WAY, _INSERTS, where="load data"),
    # What stays as it is until somebody changes the server or the rows.
    Answer((1153, 1162, 1301), _ALL, Reaction.FAILED, "a value is above its max_allowed_packet", _PACKET),
    Answer((3, 1021, 1114), _ALL, Reaction.FAILED, "it is full", _ROOM),
    Answer((1030,), _ALL, Reaction.FAILED, "it is full", _ROOM, where=r"error 28\b"),
    Answer((1206,), _ALL, Reaction.FAILED, "its table of locks is full", "have innodb_buffer_pool_size raised"),
    Answer((1036,), _ALL, Reaction.FAILED, "a table is read-only", "have the table's files made writable"),
    Answer((1194, 1195), _ALL, Reaction.FAILED, "a table is damaged", "have an administrator run check table on it"),
    Answer((1356,), _ALL, Reaction.FAILED, "a view is broken", "mend the view, or the tables that it names"),
    Answer((1969,), "MariaDB", Reaction.FAILED, "a query took too long", "have max_statement_time of the user raised"),
    Answer((3024,), "MySQL", Reaction.FAILED, "a query took too long", "have max_execution_time raised"),
    Answer((9003,), "ProxySQL", Reaction.FAILED, "the proxy does not know a command"),
)
"""What is known; any other code ends with exit 1 and the server's own words."""
