#!/usr/bin/env bash
# Sets the desk's agents up, has it trade once, and asks you before the order goes out. README.md says how to start what it needs.
set -euo pipefail

desk=${DESK_URL:-http://localhost:7071}
market=${MARKET_URL:-http://localhost:7300}

call() { curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' "$@"; }
# An expression over the JSON that comes in, as `it`.
pick() { node -e "const it = JSON.parse(require('fs').readFileSync(0)); console.log($1)"; }
agent() { call --request PUT "$desk/api/agents/$1" --data "$2" > /dev/null; }

agent research '{"model":"demo:assistant","tools":["http_get"],"description":"Looks up quotes."}'
agent risk '{"model":"demo:assistant","tools":["calculator"],"description":"Works out how much may be put at risk."}'
agent execution '{"model":"demo:assistant","tools":["http_post"],"approvals":["http_post"],"description":"Places orders."}'
agent desk '{"model":"demo:assistant","tools":["agent:research","agent:risk","agent:execution"]}'

# With a model of your own this is one sentence; the demo model wants to be told whom to ask for what.
input="Ask agent research: fetch $market/quotes/ACME\nAsk agent research: fetch $market/quotes/GLOBEX\nAsk agent risk: what is 2% of 50000?\nAsk agent execution: post \\\"BUY 9 ACME LIMIT 105\\\" to $market/orders"
run=$(call "$desk/api/agents/desk/runs" --data "{\"input\":\"$input\"}" | pick it.id)
echo "The desk is at work: $desk/api/runs/$run"

waiting='{"items":[]}'
for _ in $(seq 300); do
  waiting=$(call "$desk/api/approvals")
  [ "$(pick it.items.length <<< "$waiting")" -eq 0 ] || break
  sleep 0.2
done
echo "It wants to place an order: $(pick 'JSON.stringify(it.items[0].arguments)' <<< "$waiting")"

answer=${DESK_APPROVE:-}
[ -n "$answer" ] || read -r -p 'Approve? [y/N] ' answer
[ "$answer" = y ] && decision=approve || decision=deny
call --request POST "$desk$(pick it.items[0].links.decide <<< "$waiting")" \
  --data "{\"decision\":\"$decision\",\"argumentsHash\":\"$(pick it.items[0].argumentsHash <<< "$waiting")\"}" > /dev/null

for _ in $(seq 300); do
  ended=$(call "$desk/api/runs/$run")
  [ "$(pick '"completedAt" in it' <<< "$ended")" = false ] || break
  sleep 0.2
done
pick '`The desk is done, ${it.status}:\n${it.output}`' <<< "$ended"
call "$desk/api/runs/$run/steps" | pick 'it.items.filter(step => step.childRun).map(step => `  ${step.name}: run ${step.childRun}`).join("\n")'
echo "Orders at the market: $(call "$market/orders")"
