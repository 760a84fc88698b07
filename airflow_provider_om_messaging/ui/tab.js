// As light or dark as the page of Airflow that this one is shown in, also when that is switched.
const airflowRoot = window.parent !== window && window.parent.document.documentElement;
if (airflowRoot) {
  const followTheme = () => {
    const isDark = airflowRoot.classList.contains("dark");
    document.documentElement.style.colorScheme = isDark ? "dark" : "light";
  };
  new MutationObserver(followTheme).observe(airflowRoot, { attributes: true, attributeFilter: ["class"] });
  followTheme();
}

// Airflow's frame may open no window, so that Airflow's own page has to.
document.addEventListener("click", (event) => {
  const link = airflowRoot && event.target.closest("a[target=_blank]");
  if (!link) return;
  event.preventDefault();
  const outside = window.parent.document.createElement("a");
  Object.assign(outside, { href: link.href, target: "_blank", rel: "noreferrer" });
  outside.click();
});

document.querySelectorAll(".approval form").forEach((form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    const buttons = form.querySelectorAll("button");
    const paramsInput = JSON.parse(form.dataset.params);
    if (form.elements.note) paramsInput.note = form.elements.note.value;
    buttons.forEach((button) => { button.disabled = true; });
    try {
      const reply = await fetch(form.dataset.url, {
        method: "PATCH",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ chosen_options: [event.submitter.value], params_input: paramsInput }),
      });
      if (reply.ok) {
        window.location.reload();
        return;
      }
      const { detail } = await reply.json();
      output.value = `Not answered (${reply.status}): ${typeof detail === "string" ? detail : "see Airflow's log"}`;
    } catch (error) {
      output.value = `Not answered: ${error.message}`;
    }
    buttons.forEach((button) => { button.disabled = false; });
  });
});
