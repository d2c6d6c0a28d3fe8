"""Keep the numbers and the words of the inbox by triggers, so that every writer keeps them, whoever it is."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Differences are appended, never updated in place: two replies at once do not wait for each other's counter.
TALLY = """
CREATE FUNCTION console_tally_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
    SELECT status, assignee_id, channel, waiting_lanes > 0, count(*) FROM added
     GROUP BY status, assignee_id, channel, waiting_lanes > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION console_tally_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
    SELECT status, assignee_id, channel, waiting_lanes > 0, -count(*) FROM gone
     GROUP BY status, assignee_id, channel, waiting_lanes > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION console_tally_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
    SELECT status, assignee_id, channel, waiting, sum(difference)
      FROM (SELECT status, assignee_id, channel, waiting_lanes > 0 AS waiting, 1 AS difference FROM added
            UNION ALL
            SELECT status, assignee_id, channel, waiting_lanes > 0, -1 FROM gone) both_sides
     GROUP BY status, assignee_id, channel, waiting HAVING sum(difference) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER conversations_tally_added AFTER INSERT ON conversations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_tally_added();
CREATE TRIGGER conversations_tally_gone AFTER DELETE ON conversations
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION console_tally_gone();
CREATE TRIGGER conversations_tally_changed AFTER UPDATE ON conversations
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_tally_changed();

INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
SELECT status, assignee_id, channel, waiting_lanes > 0, count(*) FROM conversations
 GROUP BY status, assignee_id, channel, waiting_lanes > 0;
"""

# The characters of console/conversations/words.py. Words are split here, not by PostgreSQL's parser, which keeps an
# address or a path together and would not find it by its parts. What is said in the first 100,000 characters of one
# text is enough to find it by, and stays below the 1 MB that a tsvector holds.
WORDS = r"""
CREATE FUNCTION console_words(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT strip(to_tsvector('simple', translate(normalize(left(words, 100000), NFC),
        $chars$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~‘’“”‚„–—…«»·•¿¡€£$chars$, repeat(' ', 50))))
$$;

CREATE FUNCTION console_search_append(one bigint, more tsvector) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversation_search SET document = document || more WHERE conversation_id = one;
EXCEPTION WHEN program_limit_exceeded THEN
    NULL;  -- The document is full: the message is stored, and the conversation is found by the words before it.
END $$;

CREATE FUNCTION console_search_rebuild(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one bigint;
BEGIN
    FOREACH one IN ARRAY ids LOOP
        -- Locked first, so that a message that is just being added is seen below or comes after.
        PERFORM FROM conversation_search WHERE conversation_id = one FOR UPDATE;
        INSERT INTO conversation_search (conversation_id, document)
        SELECT c.id, console_words(concat_ws(' ', c.subject, u.name, u.email))
          FROM conversations c JOIN customers u ON u.id = c.customer_id WHERE c.id = one
        ON CONFLICT (conversation_id) DO UPDATE SET document = excluded.document;
        PERFORM console_search_append(one, console_words(body)) FROM messages WHERE conversation_id = one;
    END LOOP;
END $$;
"""

SEARCH = """
CREATE FUNCTION console_search_started() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_search (conversation_id, document)
    SELECT a.id, console_words(concat_ws(' ', a.subject, u.name, u.email))
      FROM added a JOIN customers u ON u.id = a.customer_id
    ON CONFLICT (conversation_id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION console_search_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY conversation_id HAVING sum(length(body)) > 100000) THEN
        PERFORM console_search_append(conversation_id, console_words(body)) FROM added;
        RETURN NULL;
    END IF;
    BEGIN
        UPDATE conversation_search s SET document = s.document || a.document
          FROM (SELECT conversation_id, console_words(string_agg(body, ' ')) AS document
                  FROM added GROUP BY conversation_id) a
         WHERE s.conversation_id = a.conversation_id;
    EXCEPTION WHEN program_limit_exceeded THEN
        PERFORM console_search_append(conversation_id, console_words(body)) FROM added;
    END;
    RETURN NULL;
END $$;

CREATE FUNCTION console_search_reworded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM console_search_rebuild(ARRAY(
        SELECT DISTINCT a.conversation_id FROM added a JOIN gone g ON g.id = a.id
         WHERE a.body IS DISTINCT FROM g.body OR a.conversation_id <> g.conversation_id
         UNION SELECT g.conversation_id FROM added a JOIN gone g ON g.id = a.id
         WHERE a.conversation_id <> g.conversation_id));
    RETURN NULL;
END $$;

CREATE FUNCTION console_search_unsaid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM console_search_rebuild(ARRAY(SELECT DISTINCT conversation_id FROM gone));
    RETURN NULL;
END $$;

CREATE FUNCTION console_search_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'customers' THEN
        PERFORM console_search_rebuild(ARRAY(SELECT id FROM conversations WHERE customer_id = NEW.id ORDER BY id));
    ELSE
        PERFORM console_search_rebuild(ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER conversations_search_started AFTER INSERT ON conversations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_search_started();
CREATE TRIGGER conversations_search_renamed AFTER UPDATE OF subject, customer_id ON conversations FOR EACH ROW
    WHEN (OLD.subject IS DISTINCT FROM NEW.subject OR OLD.customer_id IS DISTINCT FROM NEW.customer_id)
    EXECUTE FUNCTION console_search_renamed();
CREATE TRIGGER customers_search_renamed AFTER UPDATE OF name, email ON customers FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.email IS DISTINCT FROM NEW.email)
    EXECUTE FUNCTION console_search_renamed();
CREATE TRIGGER messages_search_said AFTER INSERT ON messages
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_search_said();
CREATE TRIGGER messages_search_reworded AFTER UPDATE ON messages
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_search_reworded();
CREATE TRIGGER messages_search_unsaid AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION console_search_unsaid();

-- A search reads the list of words that are not in the index yet from end to end: keep it short.
ALTER INDEX ix_conversation_search_document SET (gin_pending_list_limit = 256);
"""


def upgrade() -> None:
    for statement in (TALLY, WORDS, SEARCH, TRIGGERS):
        op.execute(statement)
    op.execute("SELECT console_search_rebuild(ARRAY(SELECT id FROM conversations))")
