-- A database of the second revision, whole, as the product wrote it while a decision said `leaned`, and a neighbour
-- that is out of scope was labelled `edge`. Never changed: what reads decisions must go on reading these.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE call (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	purpose VARCHAR(16) NOT NULL, 
	route VARCHAR(16) NOT NULL, 
	model VARCHAR NOT NULL, 
	input_tokens INTEGER NOT NULL, 
	output_tokens INTEGER NOT NULL, 
	cached_tokens INTEGER NOT NULL, 
	estimated BOOLEAN NOT NULL, 
	cost_microusd BIGINT NOT NULL, 
	ttft_ms FLOAT, 
	total_ms FLOAT NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	error_code VARCHAR, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conversation_id) REFERENCES conversation (id), 
	FOREIGN KEY(turn_id) REFERENCES turn (id)
);
INSERT INTO "call" VALUES(1,1,'talk','answer','local','scripted-local',247,4,0,1,251,1.21457889999874169006e+01,1.29533220006123883649e+01,'unsupported',NULL,'2026-01-01 11:52:59.466291');
INSERT INTO "call" VALUES(2,2,'talk','answer','local','scripted-local',245,3,0,0,248,3.34247499995399266481e+00,4.08262200107856187969e+00,'unsupported',NULL,'2026-01-01 11:52:59.603207');
INSERT INTO "call" VALUES(3,3,'talk','answer','local','scripted-local',253,4,0,0,257,3.79391299975395668298e+00,4.42234899855975527316e+00,'unsupported',NULL,'2026-01-01 11:52:59.770852');
INSERT INTO "call" VALUES(4,3,'talk','answer','local','scripted-local',0,0,0,1,0,NULL,3.49508299950684886425e+00,'failed','local_model','2026-01-01 11:52:59.787118');
INSERT INTO "call" VALUES(5,4,'talk','answer','cloud','scripted-cloud',190,4,0,0,194,3.89859599999908823519e+00,4.06889199985016603022e+00,'ok',NULL,'2026-01-01 11:52:59.902746');
INSERT INTO "call" VALUES(6,5,'talk','answer','local','scripted-local',261,3,0,0,264,4.17105599990463815629e+00,5.10715299969888292253e+00,'unsupported',NULL,'2026-01-01 11:53:00.023787');
INSERT INTO "call" VALUES(7,6,'talk','answer','cloud','scripted-cloud',252,5,0,0,257,7.68833099937182851135e+00,7.92552999882900621742e+00,'ok',NULL,'2026-01-01 11:53:00.159293');
INSERT INTO "call" VALUES(8,7,'deleted','answer','local','scripted-local',265,2,0,1,267,9.24182200105860829353e+00,1.00599260003946255892e+01,'unsupported',NULL,'2026-01-01 11:53:00.274405');
CREATE TABLE conversation (
	id VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	title TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	summary TEXT NOT NULL, 
	summary_through INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(user_id) REFERENCES user (id)
);
INSERT INTO "conversation" VALUES('talk','ann','do you ship to Norway?','2026-01-01 11:52:59.378344','2026-01-01 11:53:00.077229',NULL,'',0);
INSERT INTO "conversation" VALUES('deleted','ann','','2026-01-01 11:53:00.208643','2026-01-01 11:53:00.225250','2026-01-01 11:53:00.318541','',0);
CREATE TABLE feedback (
	turn_id INTEGER NOT NULL, 
	user_id VARCHAR NOT NULL, 
	value INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (turn_id, user_id), 
	FOREIGN KEY(turn_id) REFERENCES turn (id), 
	FOREIGN KEY(user_id) REFERENCES user (id)
);
INSERT INTO "feedback" VALUES(1,'ann',1,'2026-01-01 11:52:59.532641');
INSERT INTO "feedback" VALUES(2,'ann',1,'2026-01-01 11:52:59.643950');
INSERT INTO "feedback" VALUES(3,'ann',1,'2026-01-01 11:52:59.817053');
INSERT INTO "feedback" VALUES(4,'ann',1,'2026-01-01 11:52:59.955050');
CREATE TABLE message (
	id INTEGER NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	turn_id INTEGER NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	content TEXT NOT NULL, 
	client_id VARCHAR, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conversation_id) REFERENCES conversation (id), 
	FOREIGN KEY(turn_id) REFERENCES turn (id), 
	CONSTRAINT message_client_once UNIQUE (conversation_id, client_id), 
	CONSTRAINT message_one_a_role UNIQUE (turn_id, role)
);
INSERT INTO "message" VALUES(1,'talk',1,'user','do you ship to Norway?',NULL,'2026-01-01 11:52:59.409961');
INSERT INTO "message" VALUES(2,'talk',1,'assistant','Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.',NULL,'2026-01-01 11:52:59.493300');
INSERT INTO "message" VALUES(3,'talk',2,'user','and to Canada?',NULL,'2026-01-01 11:52:59.550001');
INSERT INTO "message" VALUES(4,'talk',2,'assistant','Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.',NULL,'2026-01-01 11:52:59.622414');
INSERT INTO "message" VALUES(5,'talk',3,'user','how long may I keep it, and what does express shipping cost?',NULL,'2026-01-01 11:52:59.654022');
INSERT INTO "message" VALUES(6,'talk',3,'assistant','Delivery to the United States and Canada costs 24.90 EUR per order and takes 7-12 working days.

Express costs 9.90 EUR and arrives the next working day if you order before 14:00 on a working day. It is available within the country only.',NULL,'2026-01-01 11:52:59.800783');
INSERT INTO "message" VALUES(7,'talk',4,'user','write me a poem about the sea',NULL,'2026-01-01 11:52:59.831919');
INSERT INTO "message" VALUES(8,'talk',4,'assistant','The sea is wide.',NULL,'2026-01-01 11:52:59.924164');
INSERT INTO "message" VALUES(9,'talk',5,'user','can I pay with PayPal?',NULL,'2026-01-01 11:52:59.967984');
INSERT INTO "message" VALUES(10,'talk',5,'assistant','Online you can pay by credit or debit card, bank transfer, mobile wallet, gift card, invoice or instalments. Stores take cash, cards, mobile wallets and gift cards; all prices are in euros.',NULL,'2026-01-01 11:53:00.041685');
INSERT INTO "message" VALUES(11,'talk',6,'assistant','We take PayPal, and cards.',NULL,'2026-01-01 11:53:00.180580');
CREATE TABLE policy (
	version VARCHAR NOT NULL, 
	content JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	who VARCHAR NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "policy" VALUES('38d9bfb0','{"thresholds": {"account": 0.7065, "courtesy": 0.7065, "faq": 0.7065, "order_status": 0.7065, "product_specs": 0.7065, "returns": 0.7065, "shipping": 0.7065}, "fact_threshold": 0.47000000000000003}','2026-01-01 11:52:59.370554','calibration','pack support');
CREATE TABLE turn (
	id INTEGER NOT NULL, 
	conversation_id VARCHAR NOT NULL, 
	again_of INTEGER, 
	status VARCHAR(16) NOT NULL, 
	superseded BOOLEAN NOT NULL, 
	requested_route VARCHAR(16), 
	route VARCHAR(16), 
	category VARCHAR, 
	decision JSON, 
	sources JSON NOT NULL, 
	policy_version VARCHAR, 
	mode VARCHAR(16) NOT NULL, 
	notices JSON NOT NULL, 
	error_code VARCHAR, 
	created_at DATETIME NOT NULL, 
	routing_ms FLOAT, 
	ttft_ms FLOAT, 
	total_ms FLOAT, owner VARCHAR, beat_at DATETIME, joined_into INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(again_of) REFERENCES turn (id), 
	FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
INSERT INTO "turn" VALUES(1,'talk',NULL,'done',0,NULL,'local','shipping','{"route": "local", "mode": "hybrid", "category": "shipping", "confidence": 0.9997, "in_scope": 0.992, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [{"id": "shipping.uk_norway_switzerland", "text": "Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.", "probability": 0.9762}], "neighbours": [{"text": "do u ship to norway", "label": "shipping", "similarity": 0.9843}, {"text": "do you send to Norway", "label": "shipping", "similarity": 0.9245}, {"text": "deliver to norway", "label": "shipping", "similarity": 0.8461}], "reasons": [{"code": "in_scope", "text": "This reads like a question about shipping (99 % sure; 70 % is enough)."}, {"code": "fact_found", "text": "An approved answer fits (97 % sure; 47 % is enough)."}], "policy": "38d9bfb0", "candidates": [{"id": "shipping.uk_norway_switzerland", "text": "Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.", "probability": 0.9762}, {"id": "shipping.countries_not_served", "text": "We deliver at home and to the EU, the United Kingdom, Norway, Switzerland, the United States and Canada. We cannot ship to any other country, not even at extra cost.", "probability": 0.0015}, {"id": "shipping.eu", "text": "Delivery to other EU countries costs 9.90 EUR per order and takes 3-5 working days.", "probability": 0.0012}], "leaned": false, "no_fact": 0.0205, "answers_well": null, "answer_threshold": 0.0, "asked": 1, "elapsed_ms": 10.7563, "would_change": ["With the in-scope threshold of shipping at 99.3 % or more it would have left (it is 70.7 %).", "With the fact threshold at 97.7 % or more it would have left (it is 47.0 %).", "Mode and cloud make no difference: it is answered here in any case.", "The next fact is shipping.countries_not_served (0.1 %)."]}','[{"id": "shipping.uk_norway_switzerland", "text": "Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.", "probability": 0.9761846574443768}]','38d9bfb0','hybrid','[{"code": "approved_wording", "text": "This is the approved wording, word for word."}]',NULL,'2026-01-01 11:52:59.399529',1.07562890007102396339e+01,6.81950059988594148308e+01,6.82742659992072731256e+01,'process','2026-01-01 11:52:59.399728',NULL);
INSERT INTO "turn" VALUES(2,'talk',NULL,'done',0,NULL,'local','shipping','{"route": "local", "mode": "hybrid", "category": "shipping", "confidence": 0.9998, "in_scope": 0.9769, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [{"id": "shipping.uk_norway_switzerland", "text": "Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.", "probability": 0.6929}], "neighbours": [{"text": "do u ship to norway", "label": "shipping", "similarity": 0.9046}, {"text": "do you send to Norway", "label": "shipping", "similarity": 0.8572}, {"text": "you send also to Norway, how much", "label": "shipping", "similarity": 0.7945}], "reasons": [{"code": "follow_up", "text": "Read together with the message before it."}, {"code": "in_scope", "text": "This reads like a question about shipping (97 % sure; 70 % is enough)."}, {"code": "fact_found", "text": "An approved answer fits (69 % sure; 47 % is enough)."}], "policy": "38d9bfb0", "candidates": [{"id": "shipping.uk_norway_switzerland", "text": "Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.", "probability": 0.6929}, {"id": "shipping.us_canada", "text": "Delivery to the United States and Canada costs 24.90 EUR per order and takes 7-12 working days.", "probability": 0.0708}, {"id": "shipping.countries_not_served", "text": "We deliver at home and to the EU, the United Kingdom, Norway, Switzerland, the United States and Canada. We cannot ship to any other country, not even at extra cost.", "probability": 0.0289}], "leaned": true, "no_fact": 0.1962, "answers_well": null, "answer_threshold": 0.0, "asked": 1, "elapsed_ms": 27.2764, "would_change": ["With the in-scope threshold of shipping at 97.7 % or more it would have left (it is 70.7 %).", "With the fact threshold at 69.3 % or more it would have left (it is 47.0 %).", "Mode and cloud make no difference: it is answered here in any case.", "The next fact is shipping.us_canada (7.1 %)."]}','[{"id": "shipping.uk_norway_switzerland", "text": "Delivery to the United Kingdom, Norway and Switzerland costs 14.90 EUR per order and takes 4-7 working days.", "probability": 0.6929091129035125}]','38d9bfb0','hybrid','[{"code": "approved_wording", "text": "This is the approved wording, word for word."}]',NULL,'2026-01-01 11:52:59.548979',2.72764000001188833266e+01,5.95673290008562617003e+01,5.96454030001041246578e+01,'process','2026-01-01 11:52:59.549095',NULL);
INSERT INTO "turn" VALUES(3,'talk',NULL,'done',0,NULL,'local','shipping','{"route": "local", "mode": "hybrid", "category": "shipping", "confidence": 0.9692, "in_scope": 0.9773, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [{"id": "shipping.us_canada", "text": "Delivery to the United States and Canada costs 24.90 EUR per order and takes 7-12 working days.", "probability": 0.9527}, {"id": "shipping.express", "text": "Express costs 9.90 EUR and arrives the next working day if you order before 14:00 on a working day. It is available within the country only.", "probability": 0.9756}], "neighbours": [{"text": "how long to canada", "label": "shipping", "similarity": 0.6539}, {"text": "delivery to canada", "label": "shipping", "similarity": 0.6405}, {"text": "canada delivery time", "label": "shipping", "similarity": 0.605}], "reasons": [{"code": "follow_up", "text": "Read together with the message before it."}, {"code": "in_scope", "text": "This reads like a question about shipping (97 % sure; 70 % is enough)."}, {"code": "fact_found", "text": "An approved answer fits each of the questions (95 % sure; 47 % is enough)."}], "policy": "38d9bfb0", "candidates": [{"id": "shipping.us_canada", "text": "Delivery to the United States and Canada costs 24.90 EUR per order and takes 7-12 working days.", "probability": 0.9527}, {"id": "shipping.express", "text": "Express costs 9.90 EUR and arrives the next working day if you order before 14:00 on a working day. It is available within the country only.", "probability": 0.9756}, {"id": "shipping.standard", "text": "Standard delivery within the country costs 4.90 EUR and takes 2-3 working days.", "probability": 0.0607}], "leaned": true, "no_fact": 0.0231, "answers_well": null, "answer_threshold": 0.0, "asked": 2, "elapsed_ms": 96.0251, "would_change": ["With the in-scope threshold of shipping at 97.8 % or more it would have left (it is 70.7 %).", "With the fact threshold at 95.3 % or more it would have left (it is 47.0 %).", "Mode and cloud make no difference: it is answered here in any case.", "The next fact is shipping.standard (6.1 %)."]}','[{"id": "shipping.us_canada", "text": "Delivery to the United States and Canada costs 24.90 EUR per order and takes 7-12 working days.", "probability": 0.9526967177293368}, {"id": "shipping.express", "text": "Express costs 9.90 EUR and arrives the next working day if you order before 14:00 on a working day. It is available within the country only.", "probability": 0.9756280430972168}]','38d9bfb0','hybrid','[{"code": "approved_wording", "text": "This is the approved wording, word for word."}]',NULL,'2026-01-01 11:52:59.652970',9.60250659991288557648e+01,1.28072524999879533424e+02,1.40076345998750184662e+02,'process','2026-01-01 11:52:59.653081',NULL);
INSERT INTO "turn" VALUES(4,'talk',NULL,'done',0,NULL,'cloud','product_specs','{"route": "cloud", "mode": "hybrid", "category": "product_specs", "confidence": 0.3358, "in_scope": 0.002, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [], "neighbours": [{"text": "opening line for my novel about a lighthouse keeper who hates the sea", "label": "edge", "similarity": 0.7388}, {"text": "Write a poem for my dad who loves fishing", "label": "edge", "similarity": 0.7115}, {"text": "write my history essay about the war of 1812 just 300 words pls", "label": "edge", "similarity": 0.7005}], "reasons": [{"code": "out_of_scope", "text": "This does not read like a question that is answered here (0 % sure; 71 % is needed)."}], "policy": "38d9bfb0", "candidates": [{"id": "returns.warranty_claim", "text": "For a warranty claim write to help@tarnandtor.example with proof of purchase, a short description and two photos: the fault and the whole item. We answer within 3 working days and tell you how to send it in, cleaned.", "probability": 0.0009}, {"id": "product_specs.details_tab", "text": "Every product page has a \"Details\" tab with dimensions, weight, materials, size chart and care instructions. If something is missing there, ask our product team at help@tarnandtor.example or 0800 555 0142.", "probability": 0.0007}, {"id": "account.privacy", "text": "Under \"My account\" > \"Privacy\", \"Download my data\" e-mails you a copy of your data within three days. \"Delete account\" becomes final after 14 days and your Trailpoints are lost; invoices we must keep by law stay stored.", "probability": 0.0003}], "leaned": false, "no_fact": 0.995, "answers_well": null, "answer_threshold": 0.0, "asked": 1, "elapsed_ms": 28.966, "would_change": ["No single threshold would have kept it here; all of these would have to fall: the in-scope threshold of product specs to 0.1 %, the fact threshold to 0.0 %.", "In local-only mode, or with no cloud connected, it would not have been answered.", "The next fact is product_specs.details_tab (0.1 %).", "The next category is returns."]}','[]','38d9bfb0','hybrid','[]',NULL,'2026-01-01 11:52:59.831063',2.89660079997702268883e+01,6.81493259999115252867e+01,7.98114780009200330823e+01,'process','2026-01-01 11:52:59.831178',NULL);
INSERT INTO "turn" VALUES(5,'talk',NULL,'done',1,NULL,'local','faq','{"route": "local", "mode": "hybrid", "category": "faq", "confidence": 0.9995, "in_scope": 0.9534, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [{"id": "faq.payment_methods", "text": "Online you can pay by credit or debit card, bank transfer, mobile wallet, gift card, invoice or instalments. Stores take cash, cards, mobile wallets and gift cards; all prices are in euros.", "probability": 0.9436}], "neighbours": [{"text": "can i pay with debit card", "label": "faq", "similarity": 0.6958}, {"text": "Is paypal accepted if I check out without... actually just, do you take paypal", "label": "faq", "similarity": 0.6947}, {"text": "how can i pay", "label": "faq", "similarity": 0.6918}], "reasons": [{"code": "in_scope", "text": "This reads like a question about faq (95 % sure; 70 % is enough)."}, {"code": "fact_found", "text": "An approved answer fits (94 % sure; 47 % is enough)."}], "policy": "38d9bfb0", "candidates": [{"id": "faq.payment_methods", "text": "Online you can pay by credit or debit card, bank transfer, mobile wallet, gift card, invoice or instalments. Stores take cash, cards, mobile wallets and gift cards; all prices are in euros.", "probability": 0.9436}, {"id": "faq.invoice_instalments", "text": "Choose invoice (due 14 days after dispatch, up to 1,000 euros) or 3, 6 or 12 monthly instalments (from 100 euros) at checkout. Both need a short credit check and a home-country address.", "probability": 0.0187}, {"id": "returns.refund_time", "text": "We refund within 5 working days after your return parcel has been checked, always to the original payment method. You get an e-mail when the refund goes out; banks may need 2 to 3 days more to show it.", "probability": 0.0004}], "leaned": false, "no_fact": 0.0366, "answers_well": null, "answer_threshold": 0.0, "asked": 1, "elapsed_ms": 33.0592, "would_change": ["With the in-scope threshold of faq at 95.4 % or more it would have left (it is 70.7 %).", "With the fact threshold at 94.4 % or more it would have left (it is 47.0 %).", "Mode and cloud make no difference: it is answered here in any case.", "The next fact is faq.invoice_instalments (1.9 %).", "The next category is returns."]}','[{"id": "faq.payment_methods", "text": "Online you can pay by credit or debit card, bank transfer, mobile wallet, gift card, invoice or instalments. Stores take cash, cards, mobile wallets and gift cards; all prices are in euros.", "probability": 0.9436079436376967}]','38d9bfb0','hybrid','[{"code": "approved_wording", "text": "This is the approved wording, word for word."}]',NULL,'2026-01-01 11:52:59.966559',3.30591530000674538314e+01,6.37644429989450145512e+01,6.38491599984263302758e+01,'process','2026-01-01 11:52:59.966741',NULL);
INSERT INTO "turn" VALUES(6,'talk',5,'done',0,'cloud','cloud','faq','{"route": "cloud", "mode": "hybrid", "category": "faq", "confidence": 0.9995, "in_scope": 0.9534, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [{"id": "faq.payment_methods", "text": "Online you can pay by credit or debit card, bank transfer, mobile wallet, gift card, invoice or instalments. Stores take cash, cards, mobile wallets and gift cards; all prices are in euros.", "probability": 0.9436}], "neighbours": [{"text": "can i pay with debit card", "label": "faq", "similarity": 0.6958}, {"text": "Is paypal accepted if I check out without... actually just, do you take paypal", "label": "faq", "similarity": 0.6947}, {"text": "how can i pay", "label": "faq", "similarity": 0.6918}], "reasons": [{"code": "forced", "text": "The cloud model was asked for."}, {"code": "in_scope", "text": "This reads like a question about faq (95 % sure; 70 % is enough)."}, {"code": "fact_found", "text": "An approved answer fits (94 % sure; 47 % is enough)."}], "policy": "38d9bfb0", "candidates": [{"id": "faq.payment_methods", "text": "Online you can pay by credit or debit card, bank transfer, mobile wallet, gift card, invoice or instalments. Stores take cash, cards, mobile wallets and gift cards; all prices are in euros.", "probability": 0.9436}, {"id": "faq.invoice_instalments", "text": "Choose invoice (due 14 days after dispatch, up to 1,000 euros) or 3, 6 or 12 monthly instalments (from 100 euros) at checkout. Both need a short credit check and a home-country address.", "probability": 0.0187}, {"id": "returns.refund_time", "text": "We refund within 5 working days after your return parcel has been checked, always to the original payment method. You get an e-mail when the refund goes out; banks may need 2 to 3 days more to show it.", "probability": 0.0004}], "leaned": false, "no_fact": 0.0366, "answers_well": null, "answer_threshold": 0.0, "asked": 1, "elapsed_ms": 39.5571, "would_change": ["The scores alone would have kept it here.", "With the in-scope threshold of faq at 95.4 % or more it would have left (it is 70.7 %).", "With the fact threshold at 94.4 % or more it would have left (it is 47.0 %).", "The next fact is faq.invoice_instalments (1.9 %).", "The next category is returns."]}','[]','38d9bfb0','hybrid','[]',NULL,'2026-01-01 11:53:00.073647',3.95571099998051067814e+01,8.01800970002659596502e+01,9.04559330010670237243e+01,'process','2026-01-01 11:53:00.077212',NULL);
INSERT INTO "turn" VALUES(7,'deleted',NULL,'done',0,NULL,'local','account','{"route": "local", "mode": "hybrid", "category": "account", "confidence": 0.9996, "in_scope": 0.9921, "threshold": 0.7065, "fact_threshold": 0.47, "facts": [{"id": "account.forgot_password", "probability": 0.9936}], "neighbours": [{"label": "account", "similarity": 0.8991}, {"label": "account", "similarity": 0.8553}, {"label": "account", "similarity": 0.8412}], "reasons": [{"code": "in_scope"}, {"code": "fact_found"}], "policy": "38d9bfb0", "candidates": [{"id": "account.forgot_password", "probability": 0.9936}, {"id": "account.locked", "probability": 0.0001}, {"id": "account.hacked", "probability": 0.0}], "leaned": false, "no_fact": 0.0062, "answers_well": null, "answer_threshold": 0.0, "asked": 1, "elapsed_ms": 16.2194, "would_change": ["With the in-scope threshold of account at 99.3 % or more it would have left (it is 70.7 %).", "With the fact threshold at 99.4 % or more it would have left (it is 47.0 %).", "Mode and cloud make no difference: it is answered here in any case.", "The next fact is account.locked (0.0 %)."]}','[{"id": "account.forgot_password", "probability": 0.9936480013998445}]','38d9bfb0','hybrid','[{"code": "approved_wording"}]',NULL,'2026-01-01 11:53:00.225075',1.62193950000073527917e+01,5.03006689996254863217e+01,5.03787369998462963849e+01,'process','2026-01-01 11:53:00.225242',NULL);
CREATE TABLE user (
	id VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "user" VALUES('ann','2026-01-01 11:52:59.364674');
CREATE INDEX conversation_by_user ON conversation (user_id, updated_at);
CREATE INDEX turn_by_conversation ON turn (conversation_id, again_of);
CREATE INDEX turn_by_time ON turn (created_at);
CREATE UNIQUE INDEX turn_one_running ON turn (conversation_id) WHERE status = 'running';
CREATE INDEX ix_call_turn_id ON call (turn_id);
CREATE INDEX turn_open ON turn (conversation_id) WHERE status IN ('queued', 'running');
CREATE INDEX turn_joined ON turn (joined_into);
COMMIT;
