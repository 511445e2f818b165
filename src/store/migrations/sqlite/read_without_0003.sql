-- What step 3 brought, over a file that lacks it and may not be written: in memory, for this connection.
CREATE TEMP VIEW event AS
    SELECT seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body, NULL AS layout, NULL AS actor_role,
           NULL AS host, NULL AS app_build, NULL AS tz_offset_s, NULL AS mono_ns, NULL AS boot_id, NULL AS clock_flag,
           NULL AS sig
    FROM main.event;
CREATE TEMP TABLE merged_event (
    source, seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body, layout, actor_role, host, app_build,
    tz_offset_s, mono_ns, boot_id, clock_flag, sig
);
