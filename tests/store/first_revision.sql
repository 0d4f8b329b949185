-- Rows as the first revision wrote them. Never changed: later revisions must carry them along.
INSERT INTO user VALUES ('ann', '2026-01-01 00:00:00.000000');
INSERT INTO conversation VALUES
  ('c1', 'ann', 'Old title', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', NULL, '', 0);
INSERT INTO turn (id, conversation_id, status, superseded, route, category, decision, sources, policy_version, mode,
                  notices, created_at, routing_ms, ttft_ms, total_ms)
VALUES (1, 'c1', 'done', 0, 'local', 'faq', '{"in_scope": 0.9}', '[]', 'v1', 'hybrid', '[]',
        '2026-01-01 00:00:00.000000', 1.0, 50.0, 300.0);
INSERT INTO message (conversation_id, turn_id, role, content, created_at) VALUES
  ('c1', 1, 'user', 'Old question?', '2026-01-01 00:00:00.000000'),
  ('c1', 1, 'assistant', 'Old answer.', '2026-01-01 00:00:01.000000');
INSERT INTO call (turn_id, conversation_id, purpose, route, model, input_tokens, output_tokens, cached_tokens, estimated,
                  cost_microusd, ttft_ms, total_ms, outcome, created_at)
VALUES (1, 'c1', 'answer', 'local', 'm', 100, 20, 0, 0, 12, 50.0, 300.0, 'ok', '2026-01-01 00:00:01.000000');
INSERT INTO feedback VALUES (1, 'ann', 1, '2026-01-01 00:00:02.000000');
INSERT INTO policy VALUES ('v1', '{"in_scope": 0.5}', '2026-01-01 00:00:00.000000', 'ann', 'first');
