"""An empty database for every test, in milliseconds: only tables that hold rows are touched."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

# Deleting is faster than TRUNCATE for the few rows of a test, and slower for many. In this role foreign keys and
# ordinary triggers sleep; the trail's own triggers do not, so the test switches them off and on again.
EMPTY = """
DO $$
DECLARE
    one record;
    filled boolean;
    guards text[];
    guard text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN
        SELECT format('%I.%I', n.nspname, c.relname) AS name, c.oid, c.relname,
               pg_relation_size(c.oid) > 1000000 AS big
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('public', 'shop') AND c.relkind = 'r' AND c.relname <> 'alembic_version'
           AND pg_relation_size(c.oid) > 0
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || one.name || ')' INTO filled;
        CONTINUE WHEN NOT filled;
        -- Truncating a big table reaches the trail by its foreign keys, empty or not.
        SELECT array_agg(format('ALTER TABLE %s %%s TRIGGER %I', t.tgrelid::regclass, t.tgname)) INTO guards
          FROM pg_trigger t WHERE t.tgenabled = 'A' AND (one.big OR t.tgrelid = one.oid);
        FOREACH guard IN ARRAY coalesce(guards, '{}') LOOP
            EXECUTE format(guard, 'DISABLE');
        END LOOP;
        IF one.big THEN
            EXECUTE 'TRUNCATE ' || one.name || ' CASCADE';
        ELSE
            EXECUTE 'DELETE FROM ' || one.name;
        END IF;
        FOREACH guard IN ARRAY coalesce(guards, '{}') LOOP
            EXECUTE format(guard, 'ENABLE ALWAYS');
        END LOOP;
    END LOOP;
    PERFORM setval(s.seqrelid, s.seqstart, false) FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'shop') AND pg_sequence_last_value(s.seqrelid) IS NOT NULL;
END $$
"""


def empty(app: Flask) -> None:
    """Remove every row and every job, and number new rows from 1 again."""
    with app.extensions["console_session_engine"].begin() as connection:
        connection.execute(text(EMPTY))
    app.extensions["console_redis"].flushall()
    app.extensions.pop("console_queue_hangs_until", None)
