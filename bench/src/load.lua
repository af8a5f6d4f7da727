-- Requests for wrk: so many of one kind, as 200 browsers would send them, made before the run and sent one
-- after the other. Searches and reports differ from one request to the next; a browser's headers do not.

local words = {}
for word in ([[stroller crib cot chair swing bouncer carrier monitor bottle pacifier teether rattle mobile
  walker playpen gate blanket sleeper bassinet mattress sling tricycle scooter helmet seat booster warmer
  steriliser nightlight pram buggy wagon cradle bib beaker spoon bath thermometer harness jumper]])
  :gmatch("%a+") do
  words[#words + 1] = word
end
local brands = { "Nordlys", "Kinderland", "Petit Ours", "Wee&Co", "O'Hara", "Lumi", "Baby-Bär", "Tuttle" }
local sentences = {
  "We bought it in May and used it every day.",
  "Last week the left hinge became loose, and yesterday it folded while my daughter was sitting in it.",
  "She is fine.",
  "The lever shows no crack, the screw is still in its place, and the label says it was made in 2023.",
  "I kept the box and the receipt of the shop.",
  "The paint comes off in flakes of 3 mm when it gets wet; our doctor said to use another one.",
  "Customer service didn't answer, so I leave this report here and on the shop's page.",
  "It smelled of plastic from the first day on, and the smell got worse near the heater.",
  "My mother-in-law's older model (from 2019 or so) has a different lock that never opened by itself.",
  "Two of four wheels came off; the axle is 8 mm instead of the 10 mm in the manual.",
}
local agents = {
  "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36",
}
local languages = { "en-GB,en;q=0.8", "de-DE,de;q=0.9,en;q=0.7", "fr-FR,fr;q=0.9", "sv-SE,sv;q=0.9,en;q=0.6" }

local function any(list)
  return list[math.random(#list)]
end

local function browser()
  local session = {}
  for at = 1, 8 do
    session[at] = string.format("%04x", math.random(0, 65535))
  end
  return {
    ["Host"] = "recalls.example",
    ["User-Agent"] = any(agents),
    ["Accept"] = "application/json",
    ["Accept-Language"] = any(languages),
    ["Cookie"] = "session=" .. table.concat(session) .. "; theme=" .. any({ "dark", "light" }),
  }
end

local function get(headers)
  local path = string.format("/v1/recalls?q=%s+%s&category=%ss&page=%d&per_page=20", any(words), any(words),
    any(words), math.random(50))
  return wrk.format("GET", path, headers)
end

local function post(headers)
  local text = {}
  while #table.concat(text, " ") < 830 do
    text[#text + 1] = any(sentences)
  end
  local body = string.format(
    '{"reporter":"%s %s","product":"SKU-%05d","link":"https://shop.example/orders/%d","description":"%s"}',
    any(brands), any(words), math.random(99999), math.random(99999), table.concat(text, " "):sub(1, 900))
  local own = { ["Content-Type"] = "application/json" }
  for name, value in pairs(headers) do
    own[name] = value
  end
  return wrk.format("POST", "/v1/incidents", own, body)
end

local requests = {}
local at = 0

function init()
  math.randomseed(1)
  local browsers = {}
  for own = 1, 200 do
    browsers[own] = browser()
  end
  for own = 1, count do
    local headers = any(browsers)
    requests[own] = kind == "get" and get(headers) or post(headers)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
