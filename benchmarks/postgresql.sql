-- The standards in force as fused statements written for PostgreSQL by hand: each feed grouped once (F16 twice, as in our
-- plan), then one table per subject, and on it every standard's answer (0 not applicable, 1 met, 2 unknown, 10 + n breached by
-- the n-th breach, 100 more for "at least") and whether it clears. Three-valued as docs/semantics.md demands.
-- OFFSET 0 keeps PostgreSQL from working an expression out again for each place that names it.
-- Written from the policy's text and not from the compiled plan, so it is also a second opinion on the answers.

CREATE UNLOGGED TABLE x_unit AS
SELECT u.unit,
  COALESCE(bool_or(c.feed = 'F09' AND c.period = %(term)s), FALSE) AS f09,
  count(*) FILTER (WHERE c.feed = 'F14' AND c.period BETWEEN %(f14_first)s AND %(f14_last)s) = %(f14_last)s - %(f14_first)s + 1 AS f14,
  COALESCE(bool_or(c.feed = 'F16' AND c.period = %(month)s), FALSE) AS f16,
  COALESCE(bool_or(c.feed = 'F19' AND c.period = %(month)s), FALSE) AS f19,
  COALESCE(bool_or(c.feed = 'F07' AND c.period = %(month)s), FALSE) AS f07,
  COALESCE(bool_or(c.feed = 'F26' AND c.period = %(quarter)s), FALSE) AS f26,
  COALESCE(bool_or(c.feed = 'F28' AND c.period = %(month)s), FALSE) AS f28,
  count(*) FILTER (WHERE c.feed = 'F29' AND c.period BETWEEN %(f29_first)s AND %(f29_last)s) = %(f29_last)s - %(f29_first)s + 1 AS f29,
  count(*) FILTER (WHERE c.feed = 'F30' AND c.period BETWEEN %(f30_first)s AND %(f30_last)s) = %(f30_last)s - %(f30_first)s + 1 AS f30,
  count(*) FILTER (WHERE c.feed = 'F30' AND c.period BETWEEN %(heritage_first)s AND %(heritage_last)s) = %(heritage_last)s - %(heritage_first)s + 1 AS f30_heritage,
  COALESCE(bit_or(1::bigint << (%(month)s - c.period)) FILTER (WHERE c.feed = 'F06' AND c.period BETWEEN %(month)s - 23 AND %(month)s), 0) AS f06,
  (SELECT COALESCE(bool_or(f.feed = 'F13'), FALSE) FROM fresh f WHERE f.unit = u.unit) AS f13,
  (SELECT COALESCE(bool_or(f.feed = 'F20'), FALSE) FROM fresh f WHERE f.unit = u.unit) AS f20,
  (SELECT COALESCE(bool_or(f.feed = 'F21'), FALSE) FROM fresh f WHERE f.unit = u.unit) AS f21,
  (SELECT COALESCE(bool_or(f.feed = 'F27'), FALSE) FROM fresh f WHERE f.unit = u.unit) AS f27,
  (SELECT COALESCE(bool_or(f.feed = 'F33'), FALSE) FROM fresh f WHERE f.unit = u.unit) AS f33
FROM (SELECT unit FROM cover UNION SELECT unit FROM fresh) u LEFT JOIN cover c ON c.unit = u.unit
GROUP BY u.unit;

CREATE UNLOGGED TABLE x_school AS
SELECT unit, bool_or(period = %(week)s) AS week, COALESCE(bit_or(1::bigint << (%(week)s - period)) FILTER (WHERE period BETWEEN %(week)s - 7 AND %(week)s), 0) AS weeks
FROM cover WHERE feed = 'F10' GROUP BY unit;

CREATE UNLOGGED TABLE x_own AS
SELECT subject, subject_id,
  COALESCE(bool_or(feed = 'F09' AND (valid IS NULL OR valid > %(term_start)s)), FALSE) AS f09,
  COALESCE(bool_or(feed = 'F10'), FALSE) AS f10,
  COALESCE(bit_or(1::bigint << (%(week)s - period)) FILTER (WHERE feed = 'F10' AND period BETWEEN %(week)s - 7 AND %(week)s), 0) AS f10_weeks,
  COALESCE(bool_or(feed = 'F13'), FALSE) AS f13,
  COALESCE(bool_or(feed = 'F14' AND (valid IS NULL OR valid > %(year_start)s)), FALSE) AS f14,
  COALESCE(bool_or(feed = 'F16'), FALSE) AS f16,
  COALESCE(bool_or(feed = 'F21'), FALSE) AS f21,
  COALESCE(bit_or(1::bigint << (%(month)s - period)) FILTER (WHERE feed = 'F06' AND period BETWEEN %(month)s - 23 AND %(month)s), 0) AS f06,
  COALESCE(bool_or(feed = 'F07'), FALSE) AS f07,
  COALESCE(bool_or(feed = 'F20'), FALSE) AS f20,
  COALESCE(bool_or(feed = 'F26'), FALSE) AS f26,
  COALESCE(bool_or(feed = 'F27'), FALSE) AS f27,
  COALESCE(bool_or(feed = 'F29' AND (valid IS NULL OR valid > %(returned_start)s)), FALSE) AS f29,
  COALESCE(bool_or(feed = 'F30' AND (valid IS NULL OR valid > %(f30_start)s)), FALSE) AS f30,
  COALESCE(bool_or(feed = 'F30' AND (valid IS NULL OR valid > %(heritage_start)s)), FALSE) AS f30_heritage,
  COALESCE(bool_or(feed = 'F33'), FALSE) AS f33
FROM set_aside GROUP BY subject, subject_id;

-- feeds -----------------------------------------------------------------------------------------------------------

CREATE UNLOGGED TABLE g_roll AS
SELECT DISTINCT ON (person_id) person_id, stage IS NOT NULL AS sure, status, school_code, school_unit_code
FROM f09 WHERE valid > %(term_start)s AND period >= %(term)s AND (stage <> 'kindergarten') IS NOT FALSE
ORDER BY person_id, ord DESC;

CREATE UNLOGGED TABLE g_week AS
SELECT DISTINCT ON (person_id) person_id, unit, consecutive_absent_days FROM f10 WHERE period >= %(week)s ORDER BY person_id, ord DESC;

CREATE UNLOGGED TABLE g_weeks AS
SELECT person_id,
  COALESCE(bit_or(1::bigint << (%(week)s - period)) FILTER (WHERE absent_days_unexcused = 0), 0) AS yes,
  COALESCE(bit_or(1::bigint << (%(week)s - period)) FILTER (WHERE absent_days_unexcused <> 0), 0) AS no,
  COALESCE(bit_or(1::bigint << (%(week)s - period)) FILTER (WHERE absent_days_unexcused IS NULL), 0) AS vague
FROM f10 WHERE period BETWEEN %(week)s - 7 AND %(week)s GROUP BY person_id;

CREATE UNLOGGED TABLE g_cover AS
SELECT person_id, count(*) FILTER (WHERE year = %(medical_year)s AND insured) AS n, count(*) FILTER (WHERE (year = %(medical_year)s AND insured) IS NULL) AS vague
FROM f13 GROUP BY person_id;

CREATE UNLOGGED TABLE g_bills AS
SELECT person_id, COALESCE(sum(self_paid) FILTER (WHERE visit_type = 'inpatient'), 0)::bigint AS own_cost,
  count(*) FILTER (WHERE visit_type IS NULL OR visit_type = 'inpatient' AND self_paid IS NULL) AS vague
FROM f14 WHERE valid > %(year_start)s AND person_id IS NOT NULL GROUP BY person_id;

CREATE UNLOGGED TABLE g_job AS
SELECT DISTINCT ON (person_id) person_id, employed, job_start_on, unemployed_days FROM f16 WHERE period >= %(month)s ORDER BY person_id, ord DESC;

CREATE UNLOGGED TABLE g_arrears AS
SELECT employer_id, max(wage_arrears_days) AS longest, count(*) AS n, count(*) FILTER (WHERE wage_arrears_days IS NULL) AS vague
FROM f16 WHERE valid > %(arrears_start)s GROUP BY employer_id;

CREATE UNLOGGED TABLE g_elder AS
SELECT person_id, count(*) FILTER (WHERE listed) AS lists, count(*) FILTER (WHERE listed IS NULL) AS lists_vague,
  count(*) FILTER (WHERE listed AND risk_level = 'high' AND late_high) AS high,
  count(*) FILTER (WHERE (listed AND risk_level = 'high' AND late_high) IS NULL) AS high_vague,
  count(*) FILTER (WHERE listed AND risk_level = 'key' AND late_key) AS key,
  count(*) FILTER (WHERE (listed AND risk_level = 'key' AND late_key) IS NULL) AS key_vague,
  count(*) FILTER (WHERE listed AND risk_level = 'general' AND late_general) AS general,
  count(*) FILTER (WHERE (listed AND risk_level = 'general' AND late_general) IS NULL) AS general_vague
FROM (SELECT person_id, risk_level, list IN ('elder_alone', 'elder_empty_nest', 'disabled_elder') AS listed,
        %(day)s - COALESCE(last_visit_on, registered_on) > %(visit_high)s AS late_high, %(day)s - COALESCE(last_visit_on, registered_on) > %(visit_key)s AS late_key,
        %(day)s - COALESCE(last_visit_on, registered_on) > %(visit_general)s AS late_general FROM f21) l
WHERE person_id IS NOT NULL GROUP BY person_id;

CREATE UNLOGGED TABLE g_meter AS
SELECT household_id, COALESCE(bit_or(1::bigint << (%(month)s - period)) FILTER (WHERE in_use), 0) AS used,
  COALESCE(bit_or(1::bigint << (%(month)s - period)) FILTER (WHERE NOT in_use), 0) AS unused,
  COALESCE(bit_or(1::bigint << (%(month)s - period)) FILTER (WHERE in_use IS NULL), 0) AS vague
FROM f06 WHERE period BETWEEN %(month)s - 23 AND %(month)s AND household_id IS NOT NULL GROUP BY household_id;

CREATE UNLOGGED TABLE g_aid AS
SELECT household_id,
  count(*) FILTER (WHERE dibao_or_tekun AND active) AS allowance, count(*) FILTER (WHERE (dibao_or_tekun AND active) IS NULL) AS allowance_vague,
  count(*) FILTER (WHERE dibao AND active) AS dibao, count(*) FILTER (WHERE (dibao AND active) IS NULL) AS dibao_vague,
  count(*) FILTER (WHERE dibao AND stopped) AS stopped, count(*) FILTER (WHERE (dibao AND stopped) IS NULL) AS stopped_vague
FROM (SELECT household_id, program IN ('dibao_rural', 'dibao_urban', 'tekun') AS dibao_or_tekun, program IN ('dibao_rural', 'dibao_urban') AS dibao,
        status = 'active' AS active, status = 'stopped' AND stop_reason = 'moved' AND %(day)s - stop_on > 30 AS stopped FROM f20) a
WHERE household_id IS NOT NULL GROUP BY household_id;

CREATE UNLOGGED TABLE g_own_aid AS
SELECT person_id,
  count(*) FILTER (WHERE dibao_or_tekun AND active) AS allowance, count(*) FILTER (WHERE (dibao_or_tekun AND active) IS NULL) AS allowance_vague,
  count(*) FILTER (WHERE dibao AND active) AS dibao, count(*) FILTER (WHERE (dibao AND active) IS NULL) AS dibao_vague,
  count(*) FILTER (WHERE dibao AND stopped) AS stopped, count(*) FILTER (WHERE (dibao AND stopped) IS NULL) AS stopped_vague
FROM (SELECT person_id, program IN ('dibao_rural', 'dibao_urban', 'tekun') AS dibao_or_tekun, program IN ('dibao_rural', 'dibao_urban') AS dibao,
        status = 'active' AS active, status = 'stopped' AND stop_reason = 'moved' AND %(day)s - stop_on > 30 AS stopped FROM f20) a
WHERE person_id IS NOT NULL GROUP BY person_id;

CREATE UNLOGGED TABLE g_income AS
SELECT household_id,
  bool_or(nth = 1 AND period >= %(quarter)s) AS here,
  max(wage_income) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS wage, max(business_income) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS business,
  max(property_income) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS property, max(transfer_income) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS transfer,
  max(rigid_expense) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS rigid, max(per_capita_net) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS net,
  max(per_capita_net_prev) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS net_prev, max(valid) FILTER (WHERE nth = 1 AND period >= %(quarter)s) AS valid,
  max(per_capita_net) FILTER (WHERE nth = 3) AS net_before, max(valid) FILTER (WHERE nth = 3) AS valid_before
FROM (SELECT *, row_number() OVER (PARTITION BY household_id ORDER BY ord DESC) AS nth FROM f26 WHERE household_id IS NOT NULL) i
WHERE nth IN (1, 3) GROUP BY household_id;

CREATE UNLOGGED TABLE g_watch AS
SELECT household_id, count(*) FILTER (WHERE status = 'monitoring') AS n, count(*) FILTER (WHERE status IS NULL) AS vague
FROM f27 WHERE household_id IS NOT NULL GROUP BY household_id;

CREATE UNLOGGED TABLE g_visit AS
SELECT household_id, count(*) FILTER (WHERE returned) AS n, count(*) FILTER (WHERE returned IS NULL) AS vague
FROM (SELECT household_id, mode = 'door' AND 'returned_origin' = ANY (string_to_array(findings, ';')) AS returned FROM f29 WHERE valid > %(returned_start)s) v
WHERE household_id IS NOT NULL GROUP BY household_id;

-- communities, disputes, employers, deliveries -----------------------------------------------------------------------

CREATE UNLOGGED TABLE t_community AS
SELECT c.*, CASE WHEN unsafe THEN 10 WHEN long THEN CASE WHEN unsafe IS NULL THEN 111 ELSE 11 END
    WHEN many THEN CASE WHEN unsafe IS NULL OR long IS NULL THEN 112 ELSE 12 END WHEN unsafe IS NULL OR long IS NULL OR many IS NULL THEN 2 ELSE 1 END AS "a:HS-04",
  samples > 0 AND samples_failed = 0 AND outage_hours_max <= 24 AND outage_hours_total <= 48 AS "c:HS-04",
  CASE WHEN strange THEN 10 WHEN few THEN CASE WHEN strange IS NULL THEN 111 ELSE 11 END WHEN none THEN CASE WHEN strange IS NULL THEN 112 ELSE 12 END
    WHEN strange IS NULL OR few IS NULL OR none IS NULL THEN 2 ELSE 1 END AS "a:CU-03"
FROM (SELECT c.*,
    CASE WHEN samples > 0 THEN samples_failed > 0 END OR outage_hours_max > 72 AS unsafe, outage_hours_max > 24 AS long, outage_hours_total > 48 AS many,
    CASE WHEN answers > 0 THEN score < 60 * answers END AS strange, CASE WHEN people > 0 THEN relocated < 0.3 * people END AS few, events = 0 AS none
  FROM (SELECT b.id, w.samples, w.samples_failed, w.outage_hours_max, w.outage_hours_total,
      CASE WHEN u.f33 AND NOT COALESCE(x.f33, FALSE) AND COALESCE(s.vague, 0) = 0 THEN COALESCE(s.score, 0) END AS score,
      CASE WHEN u.f33 AND NOT COALESCE(x.f33, FALSE) AND COALESCE(s.answers_vague, 0) = 0 THEN COALESCE(s.answers, 0) END AS answers,
      CASE WHEN u.f30 AND NOT COALESCE(x.f30, FALSE) AND COALESCE(a.people_vague, 0) = 0 THEN COALESCE(a.people, 0) END AS people,
      CASE WHEN u.f30 AND NOT COALESCE(x.f30, FALSE) AND COALESCE(a.relocated_vague, 0) = 0 THEN COALESCE(a.relocated, 0) END AS relocated,
      CASE WHEN u.f30_heritage AND NOT COALESCE(x.f30_heritage, FALSE) AND COALESCE(a.events_vague, 0) = 0 THEN COALESCE(a.events, 0)
        WHEN COALESCE(a.events, 0) > 0 THEN a.events END AS events
    FROM community b JOIN x_unit u ON u.unit = b.unit LEFT JOIN x_own x ON x.subject = 'community' AND x.subject_id = b.id
    LEFT JOIN (SELECT DISTINCT ON (community_id) * FROM f07 WHERE period >= %(month)s ORDER BY community_id, ord DESC) w
      ON w.community_id = b.id AND u.f07 AND NOT COALESCE(x.f07, FALSE)
    LEFT JOIN (SELECT community_id, sum(score) FILTER (WHERE dimension = 'identity') AS score,
        count(*) FILTER (WHERE dimension IS NULL OR dimension = 'identity' AND score IS NULL) AS vague,
        count(*) FILTER (WHERE dimension = 'identity') AS answers, count(*) FILTER (WHERE dimension IS NULL) AS answers_vague
      FROM f33 GROUP BY community_id) s ON s.community_id = b.id
    LEFT JOIN (SELECT community_id, sum(participants) FILTER (WHERE valid > %(f30_start)s) AS people,
        count(*) FILTER (WHERE valid > %(f30_start)s AND participants IS NULL) AS people_vague,
        sum(participants_relocated) FILTER (WHERE valid > %(f30_start)s) AS relocated,
        count(*) FILTER (WHERE valid > %(f30_start)s AND participants_relocated IS NULL) AS relocated_vague,
        count(*) FILTER (WHERE valid > %(heritage_start)s AND kind IN ('heritage', 'integration')) AS events,
        count(*) FILTER (WHERE valid > %(heritage_start)s AND kind IS NULL) AS events_vague
      FROM f30 GROUP BY community_id) a ON a.community_id = b.id) c) c;

CREATE UNLOGGED TABLE t_dispute AS
SELECT id, CASE WHEN often THEN 10 WHEN month THEN CASE WHEN often IS NULL THEN 111 ELSE 11 END WHEN fortnight THEN CASE WHEN often IS NULL OR month IS NULL THEN 112 ELSE 12 END
    WHEN often IS NULL OR month IS NULL OR fortnight IS NULL THEN 2 ELSE 1 END AS "a:CG-02",
  result = 'agreed' AND %(day)s - mediated_on >= 30 AS "c:CG-02"
FROM (SELECT b.id, d.result, d.mediated_on, d.result = 'open' AND d.repeat_count >= 3 AS often, d.result = 'open' AND %(day)s - d.registered_on > 30 AS month,
    d.result = 'open' AND %(day)s - d.registered_on > 15 AS fortnight
  FROM dispute b JOIN x_unit u ON u.unit = b.unit
  LEFT JOIN (SELECT DISTINCT ON (dispute_id) * FROM f28 ORDER BY dispute_id, ord DESC) d ON d.dispute_id = b.id AND u.f28) d;

CREATE UNLOGGED TABLE t_employer AS
SELECT id, CASE WHEN workshop IS NULL THEN 2 WHEN NOT workshop THEN 0 WHEN owed THEN 10 WHEN stopped THEN CASE WHEN owed IS NULL THEN 111 ELSE 11 END
    WHEN fewer THEN CASE WHEN owed IS NULL OR stopped IS NULL THEN 112 ELSE 12 END WHEN owed IS NULL OR stopped IS NULL OR fewer IS NULL THEN 2 ELSE 1 END AS "a:EM-05",
  status = 'operating' AND arrears = 0 AS "c:EM-05"
FROM (SELECT e.*, employer_type = 'workshop' AS workshop, arrears > 30 AS owed, status IN ('suspended', 'closed') AS stopped,
    CASE WHEN known THEN before_here END AND CASE WHEN before > 0 THEN relocated_headcount <= 0.7 * before END AS fewer
  FROM (SELECT b.id, n.employer_type, n.status, n.relocated_headcount, u.f19 AS known, m.employer_id IS NOT NULL AS before_here, CASE WHEN u.f19 THEN m.relocated_headcount END AS before,
      CASE WHEN u.f16 AND COALESCE(a.vague, 0) = 0 THEN COALESCE(a.longest, 0) END AS arrears
    FROM employer b JOIN x_unit u ON u.unit = b.unit LEFT JOIN g_arrears a ON a.employer_id = b.id
    LEFT JOIN (SELECT DISTINCT ON (employer_id) * FROM f19 WHERE period >= %(month)s ORDER BY employer_id, ord DESC) n ON n.employer_id = b.id AND u.f19
    LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY employer_id ORDER BY ord DESC) AS nth FROM f19) m ON m.employer_id = b.id AND m.nth = 2) e) e;

CREATE UNLOGGED TABLE t_delivery AS
SELECT id, CASE WHEN very_late THEN 10 WHEN poor THEN CASE WHEN very_late IS NULL THEN 111 ELSE 11 END
    WHEN late THEN CASE WHEN very_late IS NULL THEN 112 ELSE 12 END
    WHEN very_late IS NULL OR poor IS NULL OR late IS NULL THEN 2 ELSE 1 END AS "a:MW-01"
FROM (SELECT b.id, m.received_on IS NULL AND working_days(m.expected_on, %(day)s) > 10 AS very_late,
    m.received_on IS NOT NULL AND (m.rejected_rows * 20 > m.rows OR m.matched_rate < 0.98) AS poor,
    m.received_on IS NULL AND working_days(m.expected_on, %(day)s) > 2 AS late
  FROM delivery b LEFT JOIN (SELECT DISTINCT ON (delivery_id) * FROM f36 ORDER BY delivery_id, ord DESC) m ON m.delivery_id = b.id) d;

-- persons and families -------------------------------------------------------------------------------------------------

CREATE UNLOGGED TABLE t_person_0 AS
SELECT p.*, CASE WHEN elder IS NULL THEN 2 WHEN NOT elder THEN 0 WHEN high THEN 10 WHEN key THEN CASE WHEN high IS NULL THEN 111 ELSE 11 END
    WHEN general THEN CASE WHEN high IS NULL OR key IS NULL THEN 112 ELSE 12 END WHEN high IS NULL OR key IS NULL OR general IS NULL THEN 2 ELSE 1 END AS "a:SS-05"
FROM (SELECT p.id, p.household_id, p.unit, p.alive, p.resident_status,
    p.alive AND p.birth_date <= %(born_6)s AND p.birth_date > %(born_16)s AS school_age,
    p.alive AND p.labour_capacity IN ('normal', 'skilled') AND NOT p.is_student AND NOT p.in_military AND p.birth_date <= %(born_16)s
      AND (p.sex = '1' AND p.birth_date > %(born_60)s OR p.sex = '2' AND p.birth_date > %(born_55)s) AS labour,
    u.f09 AND NOT COALESCE(x.f09, FALSE) AND (r.person_id IS NULL OR r.sure) AS roll_known, r.person_id IS NOT NULL AND r.sure AS on_roll, r.status, r.school_code, r.school_unit_code,
    u.f16 AND NOT COALESCE(x.f16, FALSE) AS job_known, j.person_id IS NOT NULL AS job_here, j.employed, j.job_start_on, j.unemployed_days,
    CASE WHEN u.f13 AND c.n > 0 THEN TRUE WHEN u.f13 AND NOT COALESCE(x.f13, FALSE) AND COALESCE(c.vague, 0) = 0 THEN FALSE END AS insured,
    CASE WHEN u.f20 AND o.allowance > 0 THEN TRUE WHEN u.f20 AND NOT COALESCE(x.f20, FALSE) AND COALESCE(o.allowance_vague, 0) = 0 THEN FALSE END AS draws_allowance,
    CASE WHEN u.f20 AND o.dibao > 0 THEN TRUE WHEN u.f20 AND NOT COALESCE(x.f20, FALSE) AND COALESCE(o.dibao_vague, 0) = 0 THEN FALSE END AS draws_dibao,
    CASE WHEN u.f20 AND o.stopped > 0 THEN TRUE WHEN u.f20 AND NOT COALESCE(x.f20, FALSE) AND COALESCE(o.stopped_vague, 0) = 0 THEN FALSE END AS dibao_stopped,
    u.f14 AND NOT COALESCE(x.f14, FALSE) AND COALESCE(b.vague, 0) = 0 AS cost_known, COALESCE(b.own_cost, 0) AS own_cost,
    CASE WHEN u.f21 AND NOT COALESCE(x.f21, FALSE) AND COALESCE(e.lists_vague, 0) = 0 THEN COALESCE(e.lists, 0) >= 1 WHEN u.f21 AND e.lists >= 1 THEN TRUE END
      AND p.birth_date <= %(born_60)s AS elder,
    CASE WHEN u.f21 AND e.high > 0 THEN TRUE WHEN u.f21 AND NOT COALESCE(x.f21, FALSE) AND COALESCE(e.high_vague, 0) = 0 THEN FALSE END AS high,
    CASE WHEN u.f21 AND e.key > 0 THEN TRUE WHEN u.f21 AND NOT COALESCE(x.f21, FALSE) AND COALESCE(e.key_vague, 0) = 0 THEN FALSE END AS key,
    CASE WHEN u.f21 AND e.general > 0 THEN TRUE WHEN u.f21 AND NOT COALESCE(x.f21, FALSE) AND COALESCE(e.general_vague, 0) = 0 THEN FALSE END AS general,
    COALESCE(x.f10, FALSE) AS week_aside, COALESCE(x.f10_weeks, 0) AS weeks_aside
  FROM person p LEFT JOIN x_unit u ON u.unit = p.unit LEFT JOIN x_own x ON x.subject = 'person' AND x.subject_id = p.id
  LEFT JOIN g_roll r ON r.person_id = p.id LEFT JOIN g_job j ON j.person_id = p.id LEFT JOIN g_cover c ON c.person_id = p.id
  LEFT JOIN g_own_aid o ON o.person_id = p.id LEFT JOIN g_bills b ON b.person_id = p.id LEFT JOIN g_elder e ON e.person_id = p.id OFFSET 0) p;

CREATE UNLOGGED TABLE g_members AS
SELECT household_id, count(*) FILTER (WHERE alive AND resident_status IN ('out_working', 'out_studying')) AS away,
  count(*) FILTER (WHERE (alive AND resident_status IN ('out_working', 'out_studying')) IS NULL) AS away_vague,
  count(*) FILTER (WHERE draws_allowance) AS draws_allowance, count(*) FILTER (WHERE draws_allowance IS NULL) AS draws_allowance_vague,
  count(*) FILTER (WHERE draws_dibao) AS draws_dibao, count(*) FILTER (WHERE draws_dibao IS NULL) AS draws_dibao_vague,
  count(*) FILTER (WHERE dibao_stopped) AS dibao_stopped, count(*) FILTER (WHERE dibao_stopped IS NULL) AS dibao_stopped_vague,
  sum(own_cost) AS own_cost, count(*) FILTER (WHERE NOT cost_known OR cost_known IS NULL) AS cost_vague,
  count(*) FILTER (WHERE labour) AS labour, count(*) FILTER (WHERE labour IS NULL) AS labour_vague,
  count(*) FILTER (WHERE labour AND works) AS employed, count(*) FILTER (WHERE (labour AND works) IS NULL) AS employed_vague,
  min(unemployed) FILTER (WHERE labour) AS shortest, count(*) FILTER (WHERE labour IS NULL OR labour AND unemployed IS NULL AND NOT (job_known AND NOT job_here)) AS shortest_vague,
  count(*) FILTER (WHERE labour AND steady) AS steady, count(*) FILTER (WHERE (labour AND steady) IS NULL) AS steady_vague
FROM (SELECT *, CASE WHEN job_known THEN CASE WHEN job_here THEN employed ELSE FALSE END END AS works, CASE WHEN job_known THEN unemployed_days END AS unemployed,
    CASE WHEN job_known THEN employed AND %(day)s - job_start_on >= 30 END AS steady FROM t_person_0) p
WHERE household_id IS NOT NULL GROUP BY household_id;

CREATE UNLOGGED TABLE t_household_1 AS
SELECT h.*,
  CASE WHEN status IS NULL THEN 2 WHEN status NOT IN ('active', 'moved_back') THEN 0 WHEN back THEN 10 WHEN six THEN CASE WHEN back IS NULL THEN 111 ELSE 11 END
    WHEN three THEN CASE WHEN back IS NULL OR six IS NULL THEN 112 ELSE 12 END WHEN back IS NULL OR six IS NULL OR three IS NULL THEN 2 ELSE 1 END AS "a:HS-03",
  COALESCE(used >= 2, NULLIF(used_least >= 2, FALSE)) OR FALSE AS "c:HS-03",
  CASE WHEN status IS NULL THEN 2 WHEN status <> 'active' THEN 0 WHEN without THEN 10 WHEN stop THEN CASE WHEN without IS NULL THEN 111 ELSE 11 END
    WHEN without IS NULL OR stop IS NULL THEN 2 ELSE 1 END AS "a:SS-01",
  dibao OR FALSE AS "c:SS-01",
  CASE WHEN status IS NULL THEN 2 WHEN status <> 'active' THEN 0 WHEN crushing THEN 10 WHEN large THEN CASE WHEN crushing IS NULL THEN 111 ELSE 11 END
    WHEN crushing IS NULL OR large IS NULL THEN 2 ELSE 1 END AS "a:MH-02",
  monitored OR FALSE AND CASE WHEN yearly > 0 THEN rigid < 0.3 * yearly END AS "c:MH-02",
  CASE WHEN has_labour IS NULL THEN 2 WHEN NOT has_labour THEN 0 WHEN nobody_long THEN 10 WHEN nobody THEN CASE WHEN nobody_long IS NULL THEN 111 ELSE 11 END
    WHEN nobody_long IS NULL OR nobody IS NULL THEN 2 ELSE 1 END AS "a:EM-01",
  steady AS "c:EM-01"
FROM (SELECT h.*, status = 'moved_back' OR returned AS back, COALESCE(unused >= 6, NULLIF(unused_least >= 6, FALSE)) AND NOT away AS six,
    COALESCE(unused >= 3, NULLIF(unused_least >= 3, FALSE)) AND NOT away AS three,
    net < %(dibao)s AND NOT dibao AS without, stopped AND NOT dibao AS stop,
    COALESCE(cost >= %(red)s, NULLIF(cost_least >= %(red)s, FALSE)) 
      OR COALESCE(cost > 0, NULLIF(cost_least > 0, FALSE)) AND COALESCE(cost >= 0.5 * yearly, NULLIF(cost_least >= 0.5 * yearly, FALSE)) AS crushing,
    COALESCE(cost >= line, NULLIF(cost_least >= line, FALSE)) AS large,
    status = 'active' AND COALESCE(labour >= 1, NULLIF(labour_least >= 1, FALSE)) AS has_labour,
    COALESCE(employed = 0, NULLIF(employed_least = 0, TRUE)) AS nobody,
    COALESCE(employed = 0, NULLIF(employed_least = 0, TRUE)) AND shortest > %(zero_days)s AS nobody_long
  FROM (SELECT b.*, CASE WHEN ends(used_len, covered, unused_bits, used_bits | vague, 24) THEN used_len END AS used, used_len AS used_least,
      CASE WHEN ends(unused_len, covered, used_bits, unused_bits | vague, 24) THEN unused_len END AS unused, unused_len AS unused_least
    FROM (SELECT b.*, run(used_bits & ~unused_bits & ~vague & covered, 24) AS used_len, run(unused_bits & ~used_bits & ~vague & covered, 24) AS unused_len
      FROM (SELECT h.id, h.community_id, h.status, h.is_registered_poor, h.move_in_date, h.mgmt_unit_code,
          CASE h.is_registered_poor WHEN TRUE THEN %(line_poor)s WHEN FALSE THEN %(line)s END AS line,
          COALESCE(m.used, 0) AS used_bits, COALESCE(m.unused, 0) AS unused_bits, COALESCE(m.vague, 0) AS vague, COALESCE(u.f06, 0) & ~COALESCE(x.f06, 0) AS covered,
          CASE WHEN v.n > 0 THEN TRUE WHEN u.f29 AND NOT COALESCE(x.f29, FALSE) AND COALESCE(v.vague, 0) = 0 THEN FALSE END AS returned,
          CASE WHEN k.away > 0 THEN TRUE WHEN COALESCE(k.away_vague, 0) = 0 THEN FALSE END AS away,
          i.wage + i.business + i.property + i.transfer AS yearly, i.rigid AS rigid, i.net AS net,
          i.net_prev AS net_prev, i.valid AS income_valid,
          i.net_before AS net_before, i.valid_before AS before_valid,
          CASE WHEN u.f20 AND a.allowance > 0 THEN TRUE WHEN u.f20 AND NOT COALESCE(x.f20, FALSE) AND COALESCE(a.allowance_vague, 0) = 0 THEN FALSE END
            OR CASE WHEN k.draws_allowance > 0 THEN TRUE WHEN COALESCE(k.draws_allowance_vague, 0) = 0 THEN FALSE END AS allowance,
          CASE WHEN u.f20 AND a.dibao > 0 THEN TRUE WHEN u.f20 AND NOT COALESCE(x.f20, FALSE) AND COALESCE(a.dibao_vague, 0) = 0 THEN FALSE END
            OR CASE WHEN k.draws_dibao > 0 THEN TRUE WHEN COALESCE(k.draws_dibao_vague, 0) = 0 THEN FALSE END AS dibao,
          CASE WHEN u.f20 AND a.stopped > 0 THEN TRUE WHEN u.f20 AND NOT COALESCE(x.f20, FALSE) AND COALESCE(a.stopped_vague, 0) = 0 THEN FALSE END
            OR CASE WHEN k.dibao_stopped > 0 THEN TRUE WHEN COALESCE(k.dibao_stopped_vague, 0) = 0 THEN FALSE END AS stopped,
          CASE WHEN u.f27 AND w.n > 0 THEN TRUE WHEN u.f27 AND NOT COALESCE(x.f27, FALSE) AND COALESCE(w.vague, 0) = 0 THEN FALSE END AS monitored,
          CASE WHEN COALESCE(k.cost_vague, 0) = 0 THEN COALESCE(k.own_cost, 0) END AS cost, COALESCE(k.own_cost, 0) AS cost_least,
          CASE WHEN COALESCE(k.labour_vague, 0) = 0 THEN COALESCE(k.labour, 0) END AS labour, COALESCE(k.labour, 0) AS labour_least,
          CASE WHEN COALESCE(k.employed_vague, 0) = 0 THEN COALESCE(k.employed, 0) END AS employed, COALESCE(k.employed, 0) AS employed_least,
          CASE WHEN COALESCE(k.shortest_vague, 0) = 0 THEN k.shortest END AS shortest,
          CASE WHEN k.steady > 0 THEN TRUE WHEN COALESCE(k.steady_vague, 0) = 0 THEN FALSE END AS steady
        FROM household h LEFT JOIN x_unit u ON u.unit = h.unit LEFT JOIN x_own x ON x.subject = 'household' AND x.subject_id = h.id
        LEFT JOIN g_meter m ON m.household_id = h.id LEFT JOIN g_visit v ON v.household_id = h.id LEFT JOIN g_members k ON k.household_id = h.id
        LEFT JOIN g_aid a ON a.household_id = h.id LEFT JOIN g_watch w ON w.household_id = h.id
        LEFT JOIN g_income i ON i.household_id = h.id AND u.f26 AND NOT COALESCE(x.f26, FALSE) OFFSET 0) b OFFSET 0) b OFFSET 0) h OFFSET 0) h;

CREATE UNLOGGED TABLE t_person_1 AS
SELECT p.*, CASE WHEN school_age IS NULL THEN 2 WHEN NOT school_age THEN 0 WHEN "out" THEN 10 WHEN absent THEN CASE WHEN "out" IS NULL THEN 111 ELSE 11 END
    WHEN "out" IS NULL OR absent IS NULL THEN 2 ELSE 1 END AS "a:ED-01",
  (CASE WHEN roll_known THEN status END) IN ('enrolled', 'home_teaching') AND COALESCE(weeks >= 4, NULLIF(weeks_least >= 4, FALSE)) AS "c:ED-01",
  CASE WHEN moved IS NULL THEN 2 WHEN NOT moved THEN 0 WHEN elsewhere THEN 10 WHEN elsewhere IS NULL THEN 2 ELSE 1 END AS "a:ED-03",
  (CASE WHEN roll_known THEN school_unit_code END) = mgmt_unit_code OR FALSE AS "c:ED-03",
  CASE WHEN alive IS NULL THEN 2 WHEN NOT alive THEN 0 WHEN uninsured AND supported THEN 10
    WHEN uninsured THEN CASE WHEN (uninsured AND supported) IS NULL THEN 111 ELSE 11 END WHEN uninsured IS NULL OR (uninsured AND supported) IS NULL THEN 2 ELSE 1 END AS "a:MH-01"
FROM (SELECT p.*, CASE WHEN roll_known THEN NOT on_roll END OR (CASE WHEN roll_known THEN status END) = 'dropped_out' OR away >= %(away_red)s AS "out",
    away >= %(away_orange)s AS absent, CASE WHEN ends(weeks_len, week_bits, week_no, week_yes | week_vague, 8) THEN weeks_len END AS weeks, weeks_len AS weeks_least,
    school_age AND %(day)s - move_in_date > %(transfer_days)s AND CASE WHEN roll_known THEN on_roll END AS moved,
    (CASE WHEN roll_known THEN status END) <> 'home_teaching' AND (CASE WHEN roll_known THEN school_unit_code END) <> mgmt_unit_code AS elsewhere,
    NOT insured AS uninsured,
    is_registered_poor OR allowance OR monitored AS supported
  FROM (SELECT p.*, h.mgmt_unit_code, h.move_in_date, h.is_registered_poor, h.allowance, h.monitored,
      CASE WHEN COALESCE(d.week, FALSE) AND NOT p.week_aside THEN CASE WHEN w.person_id IS NULL THEN 0 ELSE w.consecutive_absent_days END END AS away,
      COALESCE(k.yes, 0) AS week_yes, COALESCE(k.no, 0) AS week_no, COALESCE(k.vague, 0) AS week_vague, COALESCE(s.weeks, 0) & ~p.weeks_aside AS week_bits,
      run(COALESCE(k.yes, 0) & ~COALESCE(k.no, 0) & ~COALESCE(k.vague, 0) & COALESCE(s.weeks, 0) & ~p.weeks_aside, 8) AS weeks_len
    FROM t_person_0 p LEFT JOIN t_household_1 h ON h.id = p.household_id LEFT JOIN x_school s ON s.unit = CASE WHEN p.roll_known THEN p.school_code END
    LEFT JOIN g_week w ON w.person_id = p.id LEFT JOIN x_school d ON d.unit = COALESCE(CASE WHEN p.roll_known THEN p.school_code END, w.unit)
    LEFT JOIN g_weeks k ON k.person_id = p.id OFFSET 0) p OFFSET 0) p;

CREATE UNLOGGED TABLE g_kept AS
SELECT household_id, count(*) FILTER (WHERE "a:ED-01" > 2) AS ed01, count(*) FILTER (WHERE "a:ED-01" = 2) AS ed01_vague, count(*) FILTER (WHERE "a:ED-03" > 2) AS ed03,
  count(*) FILTER (WHERE "a:ED-03" = 2) AS ed03_vague, count(*) FILTER (WHERE "a:MH-01" > 2) AS mh01, count(*) FILTER (WHERE "a:MH-01" = 2) AS mh01_vague
FROM t_person_1 WHERE household_id IS NOT NULL GROUP BY household_id;

CREATE UNLOGGED TABLE t_household_2 AS
SELECT id, CASE WHEN status IS NULL THEN 2 WHEN status <> 'active' THEN 0 WHEN below THEN 10 WHEN falling THEN CASE WHEN below IS NULL THEN 111 ELSE 11 END
    WHEN burdened THEN CASE WHEN below IS NULL THEN 112 ELSE 12 END WHEN below IS NULL OR falling IS NULL OR burdened IS NULL THEN 2 ELSE 1 END AS "a:MW-02",
  net >= income_line(income_valid) AND net_before >= income_line(before_valid) AND ed01 AND ed03 AND mh01 AND hs04
    AND CASE WHEN "a:MH-02" = 2 THEN NULL ELSE "a:MH-02" %% 100 <> 10 END AS "c:MW-02"
FROM (SELECT h.*, net < income_line(income_valid) AS below, net < 1.2 * income_line(income_valid) AND net <= 0.7 * net_prev AS falling,
    CASE WHEN yearly > 0 THEN rigid >= 0.4 * yearly END AS burdened,
    CASE WHEN k.ed01 > 0 THEN FALSE WHEN COALESCE(k.ed01_vague, 0) = 0 THEN TRUE END AS ed01, CASE WHEN k.ed03 > 0 THEN FALSE WHEN COALESCE(k.ed03_vague, 0) = 0 THEN TRUE END AS ed03,
    CASE WHEN k.mh01 > 0 THEN FALSE WHEN COALESCE(k.mh01_vague, 0) = 0 THEN TRUE END AS mh01, CASE WHEN c."a:HS-04" > 2 THEN FALSE WHEN c."a:HS-04" <= 1 THEN TRUE END AS hs04
  FROM t_household_1 h LEFT JOIN g_kept k ON k.household_id = h.id LEFT JOIN t_community c ON c.id = h.community_id) h;
